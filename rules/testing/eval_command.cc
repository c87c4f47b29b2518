#include "rules/testing/eval_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "rules/promql/quoting.h"
#include "rules/testing/number_notation.h"
#include "rules/testing/words.h"

namespace sidelight::promqltest {
namespace {

using Expectation = EvalCommand::Expectation;

tl::unexpected<Error> Wrong(std::string message) {
  return Fail(ErrorCode::kInvalidArgument, std::move(message));
}

Result<TimeSpan> TakeSpan(std::string_view* text) {
  TimeSpan span;
  struct Part {
    std::string_view keyword;
    std::string_view purpose;
    int64_t* value;
  };
  const Part parts[] = {{"from", "the start behind \"from\"", &span.start},
                        {"to", "the end behind \"to\"", &span.end},
                        {"step", "the step", &span.step}};
  for (const Part& part : parts) {
    if (!TakeKeyword(text, part.keyword)) return Wrong(fmt::format("\"{}\" is missing", part.keyword));
    const Result<int64_t> value = TakeDuration(text, part.purpose);
    if (!value) return tl::unexpected(value.error());
    *part.value = *value;
  }
  if (span.end < span.start) return Wrong("the end is before the start");
  if (span.step <= 0) return Wrong("the step must be above zero");
  if ((span.end - span.start) / span.step >= kMaxSteps) {
    return Wrong(fmt::format("there are more than {} steps", kMaxSteps));
  }
  return span;
}

// `eval`, `eval_fail` and so on: the older way to say what is expected.
Status ReadCommandWord(std::string_view word, EvalCommand* command) {
  if (word == "eval") return {};
  if (word == "eval_fail") {
    command->expectation = Expectation::kFailure;
  } else if (word == "eval_warn") {
    command->warnings.some.push_back(ExpectedText::Any());
  } else if (word == "eval_info") {
    command->infos.some.push_back(ExpectedText::Any());
  } else if (word == "eval_ordered") {
    command->ordered = true;
  } else {
    return Wrong(fmt::format(
        "\"{}\" is no command; there are eval, eval_fail, eval_warn, eval_info and eval_ordered", word));
  }
  return {};
}

Status ReadHead(std::string_view text, const promql::ParserOptions& options, EvalCommand* command) {
  if (Status read = ReadCommandWord(TakeWord(&text), command); !read) return read;
  if (TakeKeyword(&text, "instant")) {
    if (TakeKeyword(&text, "at")) {
      const Result<int64_t> time = TakeDuration(&text, "the time behind \"at\"");
      if (!time) return tl::unexpected(time.error());
      command->time = *time;
    }
  } else if (TakeKeyword(&text, "range")) {
    command->instant = false;
    if (command->ordered) return Wrong("the result of a range query has no order to be expected");
    const Result<TimeSpan> span = TakeSpan(&text);
    if (!span) return tl::unexpected(span.error());
    command->span = *span;
  } else {
    return Wrong("behind eval \"instant\" or \"range\" is missing");
  }
  if (text.empty()) return Wrong("the expression is missing");
  command->text = text;
  Result<promql::ExprPtr> expr = promql::Parse(text, options);
  if (!expr) return Wrong(fmt::format("{}: {}", text, expr.error().message));
  command->expr = *std::move(expr);
  return {};
}

// What stands behind `expect fail` and its kind: nothing, `msg: TEXT` or `regex: PATTERN`.
Result<ExpectedText> ReadExpectedText(std::string_view text) {
  if (text.empty()) return ExpectedText::Any();
  constexpr std::string_view kWhole = "msg:";
  constexpr std::string_view kPattern = "regex:";
  if (text.starts_with(kWhole)) return ExpectedText::Whole(std::string(Trim(text.substr(kWhole.size()))));
  if (text.starts_with(kPattern)) {
    return ExpectedText::Pattern(std::string(Trim(text.substr(kPattern.size()))));
  }
  return Wrong(fmt::format("\"{}\" is neither \"msg: TEXT\" nor \"regex: PATTERN\"", text));
}

Status ExpectSome(std::string_view kind, std::string_view text, ExpectedAnnotations* annotations) {
  if (annotations->none) return Wrong(fmt::format("{} and no_{} exclude each other", kind, kind));
  Result<ExpectedText> expected = ReadExpectedText(text);
  if (!expected) return tl::unexpected(expected.error());
  annotations->some.push_back(*std::move(expected));
  return {};
}

Status ExpectNone(std::string_view kind, std::string_view text, ExpectedAnnotations* annotations) {
  if (!text.empty()) return Wrong(fmt::format("behind no_{} nothing is expected", kind));
  if (!annotations->some.empty()) return Wrong(fmt::format("{} and no_{} exclude each other", kind, kind));
  annotations->none = true;
  return {};
}

Status ExpectFailure(std::string_view text, EvalCommand* command) {
  if (command->expectation == Expectation::kFailure) return Wrong("a failure is expected twice");
  Result<ExpectedText> expected = ReadExpectedText(text);
  if (!expected) return tl::unexpected(expected.error());
  command->expectation = Expectation::kFailure;
  command->failure = *std::move(expected);
  return {};
}

Status ExpectRangeVector(std::string_view text, EvalCommand* command) {
  if (!command->instant) return Wrong("only an instant query has a range vector as its result");
  const Result<TimeSpan> span = TakeSpan(&text);
  if (!span) return tl::unexpected(span.error());
  if (!text.empty()) return Wrong(fmt::format("\"{}\" is not expected behind the step", text));
  command->expectation = Expectation::kRangeVector;
  command->span = *span;
  command->time = span->end;
  return {};
}

Status ExpectString(std::string_view text, EvalCommand* command) {
  const bool quoted = text.starts_with('"') || text.starts_with('`');
  const Result<promql::StringText> string =
      quoted ? promql::Unquote(text) : Wrong("the expected string stands in \"\" or ``");
  if (!string) return tl::unexpected(string.error());
  if (string->length != text.size()) return Wrong("behind the expected string nothing is expected");
  command->expectation = Expectation::kString;
  command->string = string->value;
  return {};
}

// A line `expect ...`, without that word.
Status ReadExpectLine(std::string_view text, EvalCommand* command) {
  const std::string_view kind = TakeWord(&text);
  if (kind == "range" && TakeKeyword(&text, "vector")) return ExpectRangeVector(text, command);
  if (kind == "string") return ExpectString(text, command);
  if (kind == "fail") return ExpectFailure(text, command);
  if (kind == "warn") return ExpectSome(kind, text, &command->warnings);
  if (kind == "no_warn") return ExpectNone("warn", text, &command->warnings);
  if (kind == "info") return ExpectSome(kind, text, &command->infos);
  if (kind == "no_info") return ExpectNone("info", text, &command->infos);
  if (kind == "ordered") {
    if (!command->instant) return Wrong("the result of a range query has no order to be expected");
    if (!text.empty()) return Wrong("behind ordered nothing is expected");
    command->ordered = true;
    return {};
  }
  return Wrong(
      fmt::format("\"expect {}\" is unknown; there are fail, warn, no_warn, info, no_info, ordered, "
                  "string and range vector",
                  kind));
}

// The lines that may go with `eval_fail`; the block ends behind them.
Result<bool> ReadOldFailureLine(std::string_view text, EvalCommand* command) {
  if (command->expectation != Expectation::kFailure) return false;
  if (TakeKeyword(&text, "expected_fail_message")) {
    command->failure = ExpectedText::Whole(std::string(text));
    return true;
  }
  if (!TakeKeyword(&text, "expected_fail_regexp")) return false;
  Result<ExpectedText> pattern = ExpectedText::Pattern(std::string(text));
  if (!pattern) return tl::unexpected(pattern.error());
  command->failure = *std::move(pattern);
  return true;
}

Status ReadSeriesLine(std::string_view text, EvalCommand* command, size_t* values_left) {
  Result<WrittenSeries> written = ParseSeries(text);
  if (!written) return tl::unexpected(written.error());
  if (Status taken = TakeValues(written->values.size(), values_left); !taken) return taken;
  const bool one_value = command->instant && command->expectation != Expectation::kRangeVector;
  if (one_value && (written->values.size() != 1 || written->values.front().omitted)) {
    return Wrong("an instant query has exactly one value for each series");
  }
  if (!one_value && written->values.size() > command->span.steps()) {
    return Wrong(
        fmt::format("there are {} values for {} steps", written->values.size(), command->span.steps()));
  }
  for (const ExpectedSeries& other : command->series) {
    if (other.labels == written->labels) return Wrong("this series is expected twice");
  }
  command->series.push_back({std::move(written->labels), std::move(written->values)});
  return {};
}

// Whether the block goes on behind the line.
Result<bool> ReadLine(std::string_view text, EvalCommand* command, size_t* values_left) {
  std::string_view rest = text;
  if (TakeKeyword(&rest, "expect")) {
    if (Status read = ReadExpectLine(rest, command); !read) return tl::unexpected(read.error());
    return true;
  }
  const Result<bool> ended = ReadOldFailureLine(text, command);
  if (!ended) return tl::unexpected(ended.error());
  if (*ended) return false;
  if (const std::optional<double> number = ParseNumber(text)) {
    command->expectation = Expectation::kScalar;
    command->scalar = *number;
    return false;
  }
  if (Status read = ReadSeriesLine(text, command, values_left); !read) return tl::unexpected(read.error());
  return true;
}

}  // namespace

Result<ReadEval> ReadEvalCommand(std::span<const Line> lines, const promql::ParserOptions& options,
                                 size_t* values_left) {
  const auto wrong = [](const Line& line, const Error& error) {
    return Fail(error.code, fmt::format("{}: {}", line.number, error.message));
  };
  ReadEval read{.lines = 1};
  if (Status head = ReadHead(lines.front().text, options, &read.command); !head) {
    return wrong(lines.front(), head.error());
  }
  for (const Line& line : lines.subspan(1)) {
    ++read.lines;
    const Result<bool> more = ReadLine(line.text, &read.command, values_left);
    if (!more) return wrong(line, more.error());
    if (!*more) break;
  }
  return read;
}

}  // namespace sidelight::promqltest
