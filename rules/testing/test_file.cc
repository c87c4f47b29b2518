#include "rules/testing/test_file.h"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "core/base/letter_case.h"
#include "rules/testing/words.h"

namespace sidelight::promqltest {
namespace {

constexpr std::string_view kStartTimestamps = "@st";

// The lines, trimmed; comments are empty ones.
std::vector<Line> SplitLines(std::string_view text) {
  std::vector<Line> lines;
  for (size_t number = 1;; ++number) {
    const size_t end = text.find('\n');
    const std::string_view line = Trim(text.substr(0, end));
    lines.push_back({number, line.starts_with('#') ? std::string_view() : line});
    if (end == std::string_view::npos) return lines;
    text.remove_prefix(end + 1);
  }
}

tl::unexpected<Error> WrongLine(const Line& line, std::string_view what) {
  return Fail(ErrorCode::kInvalidArgument, fmt::format("{}: {}", line.number, what));
}

// `metric{...}@st OFFSETS`: start timestamps of the series on the next line.
struct StartTimes {
  Labels labels;
  std::vector<std::optional<int64_t>> offsets;
};
Result<std::optional<StartTimes>> ReadStartTimes(const Line& line) {
  std::string_view offsets = line.text;
  std::string_view series = TakeWord(&offsets);
  if (!series.ends_with(kStartTimestamps)) return std::nullopt;
  series.remove_suffix(kStartTimestamps.size());
  Result<Labels> labels = promql::ParseMetric(series);
  if (!labels) return WrongLine(line, labels.error().message);
  Result<std::vector<std::optional<int64_t>>> parsed = ParseStartOffsets(offsets);
  if (!parsed) return WrongLine(line, parsed.error().message);
  return StartTimes{*std::move(labels), *std::move(parsed)};
}

// A series that comes twice is the later one. `places` are those of the series so far.
void AddSeries(LoadedSeries series, std::map<Labels, size_t>* places, LoadCommand* command) {
  const auto [place, added] = places->emplace(series.labels, command->series.size());
  if (added) {
    command->series.push_back(std::move(series));
  } else {
    command->series[place->second] = std::move(series);
  }
}

Result<LoadCommand> ReadLoad(std::span<const Line> lines, size_t* values_left) {
  LoadCommand command;
  std::string_view head = lines.front().text;
  const std::string word = ToLower(TakeWord(&head));
  command.with_nhcb = word == "load_with_nhcb";
  if (word != "load" && !command.with_nhcb) {
    return WrongLine(lines.front(),
                     fmt::format("\"{}\" is no command; there are load and load_with_nhcb", word));
  }
  const Result<int64_t> step = TakeDuration(&head, "the step");
  if (!step) return WrongLine(lines.front(), step.error().message);
  if (!head.empty()) {
    return WrongLine(lines.front(), fmt::format("\"{}\" is not expected behind the step", head));
  }
  command.step = *step;

  std::map<Labels, size_t> places;
  std::optional<StartTimes> starts;
  for (const Line& line : lines.subspan(1)) {
    Result<std::optional<StartTimes>> read = ReadStartTimes(line);
    if (!read) return tl::unexpected(read.error());
    if (*read) {
      if (starts) return WrongLine(line, "the start timestamps before this line have no series");
      starts = *std::move(read);
      continue;
    }
    Result<WrittenSeries> written = ParseSeries(line.text);
    if (!written) return WrongLine(line, written.error().message);
    if (Status taken = TakeValues(written->values.size(), values_left); !taken) {
      return WrongLine(line, taken.error().message);
    }
    LoadedSeries series{
        .line = line.number, .labels = std::move(written->labels), .values = std::move(written->values)};
    if (starts) {
      if (starts->labels != series.labels) {
        return WrongLine(line, "the start timestamps on the line before are those of another series");
      }
      if (starts->offsets.size() != series.values.size()) {
        return WrongLine(line, fmt::format("there are {} samples, but {} start timestamps on the line before",
                                           series.values.size(), starts->offsets.size()));
      }
      series.start_offsets = std::move(starts->offsets);
      starts.reset();
    }
    AddSeries(std::move(series), &places, &command);
  }
  if (starts) return WrongLine(lines.back(), "behind the start timestamps their series is missing");
  return command;
}

// Reads the command that the lines begin with, and says how many of them it took.
Result<size_t> ReadCommand(std::span<const Line> block, const promql::ParserOptions& options,
                           size_t* values_left, std::vector<Command>* commands) {
  const Line& head = block.front();
  std::string_view rest = head.text;
  const std::string word = ToLower(TakeWord(&rest));
  if (word == "clear") {
    if (!rest.empty()) return WrongLine(head, fmt::format("\"{}\" is not expected behind clear", rest));
    commands->push_back({head.number, ClearCommand()});
    return 1;
  }
  if (word.starts_with("load")) {
    Result<LoadCommand> load = ReadLoad(block, values_left);
    if (!load) return tl::unexpected(load.error());
    commands->push_back({head.number, *std::move(load)});
    return block.size();
  }
  if (word.starts_with("eval")) {
    Result<ReadEval> eval = ReadEvalCommand(block, options, values_left);
    if (!eval) return tl::unexpected(eval.error());
    commands->push_back({head.number, std::move(eval->command)});
    return eval->lines;
  }
  return WrongLine(head,
                   fmt::format("\"{}\" is no command; there are clear, load, load_with_nhcb and eval", word));
}

}  // namespace

Result<std::vector<Command>> ParseTestFile(std::string_view name, std::string_view text,
                                           const promql::ParserOptions& options) {
  const std::vector<Line> lines = SplitLines(text);
  std::vector<Command> commands;
  size_t values_left = kMaxFileValues;
  for (size_t at = 0; at < lines.size();) {
    if (lines[at].text.empty()) {
      ++at;
      continue;
    }
    size_t end = at;
    while (end < lines.size() && !lines[end].text.empty()) ++end;
    const Result<size_t> read =
        ReadCommand(std::span(lines).subspan(at, end - at), options, &values_left, &commands);
    if (!read) return Fail(read.error().code, fmt::format("{}:{}", name, read.error().message));
    at += *read;
  }
  return commands;
}

}  // namespace sidelight::promqltest
