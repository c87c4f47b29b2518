// Functions that change labels.
#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/utf8.h"
#include "rules/promql/functions/function.h"
#include "rules/promql/grouping.h"

namespace sidelight::promql {
namespace {

// Bytes: nested calls could double a value each time.
constexpr size_t kLongestValue = 1 << 20;

// Bytes that an expression may take when compiled; as many may be there at once as calls are nested.
constexpr int64_t kRegexMemory = 2 << 20;

bool IsLabelName(std::string_view name) {
  return !name.empty() && IsValidUtf8(name);
}

// A template with $1, ${1}, $name, ${name} and $$, as Go's Regexp.Expand takes it; what is not known is
// empty. Nothing when it becomes too long.
std::optional<std::string> Expand(std::string_view text, const RE2& regex,
                                  const std::vector<re2::StringPiece>& groups) {
  const auto group = [&](const std::string& name) -> std::string {
    size_t index = groups.size();
    if (!name.empty() && std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; })) {
      if (name.size() <= 3) index = std::stoul(name);
    } else if (const auto found = regex.NamedCapturingGroups().find(name);
               found != regex.NamedCapturingGroups().end()) {
      index = static_cast<size_t>(found->second);
    }
    return index < groups.size() ? groups[index].as_string() : std::string();
  };
  const auto is_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  std::string out;
  while (!text.empty()) {
    const size_t dollar = text.find('$');
    out += text.substr(0, dollar);
    if (dollar == std::string_view::npos) break;
    text.remove_prefix(dollar + 1);
    if (text.starts_with('$')) {
      out += '$';
      text.remove_prefix(1);
      continue;
    }
    const bool braced = text.starts_with('{');
    size_t end = braced ? 1 : 0;
    while (end < text.size() && is_word(text[end])) ++end;
    const std::string name(text.substr(braced ? 1 : 0, end - (braced ? 1 : 0)));
    if (name.empty() || (braced && (end == text.size() || text[end] != '}'))) {
      out += '$';  // No reference: the dollar is meant.
      continue;
    }
    out += group(name);
    if (out.size() > kLongestValue) return std::nullopt;
    text.remove_prefix(end + (braced ? 1 : 0));
  }
  return out;
}

// Sets a label; labels grow with each function around the last one, and what they take counts.
Status SetLabel(Evaluation& evaluation, Grid::Row* row, std::string_view name, std::string_view value) {
  constexpr size_t kBytesPerSample = 16;
  if (Status held = evaluation.Charge(static_cast<int64_t>(value.size() / kBytesPerSample)); !held) {
    return held;
  }
  row->labels = WithLabel(row->labels, name, value);
  if (name == "__name__") row->drop_name = false;
  return {};
}

tl::unexpected<Error> TooLong(std::string_view function) {
  return Fail(ErrorCode::kLimit,
              fmt::format("{}() makes a label value of more than {} bytes", function, kLongestValue));
}

Result<Grid> Distinct(Result<Grid> grid) {
  if (Status distinct = MergeDuplicates(&*grid); !distinct) return tl::unexpected(distinct.error());
  return grid;
}

Result<std::vector<std::string_view>> Strings(Evaluation& evaluation, const Call& call) {
  std::vector<std::string_view> strings;
  for (size_t a = 1; a < call.args.size(); ++a) {
    const Result<std::string_view> text = evaluation.EvalString(*call.args[a]);
    if (!text) return tl::unexpected(text.error());
    strings.push_back(*text);
  }
  return strings;
}

Result<Grid> LabelReplace(Evaluation& evaluation, const Call& call) {
  const auto strings = Strings(evaluation, call);
  if (!strings) return tl::unexpected(strings.error());
  const std::string_view destination = (*strings)[0];
  const std::string_view replacement = (*strings)[1];
  const std::string_view source = (*strings)[2];
  const std::string pattern((*strings)[3]);
  RE2::Options options;
  options.set_log_errors(false);
  options.set_dot_nl(true);
  options.set_max_mem(kRegexMemory);
  const RE2 regex(pattern, options);
  if (!regex.ok()) {
    return Fail(ErrorCode::kInvalidArgument, "invalid regular expression in label_replace(): " + pattern);
  }
  if (!IsLabelName(destination)) {
    return Fail(ErrorCode::kInvalidArgument,
                "invalid destination label name in label_replace(): " + std::string(destination));
  }
  Result<Grid> grid = evaluation.Eval(*call.args[0]);
  if (!grid) return grid;
  std::vector<re2::StringPiece> groups(static_cast<size_t>(regex.NumberOfCapturingGroups()) + 1);
  for (Grid::Row& row : grid->rows()) {
    const Labels labels = row.labels;  // the groups point into them
    const std::string_view value = labels.Get(source);
    const re2::StringPiece text(value.data(), value.size());
    if (!regex.Match(text, 0, text.size(), RE2::ANCHOR_BOTH, groups.data(),
                     static_cast<int>(groups.size()))) {
      continue;
    }
    const std::optional<std::string> expanded = Expand(replacement, regex, groups);
    if (!expanded) return TooLong("label_replace");
    if (Status set = SetLabel(evaluation, &row, destination, *expanded); !set) {
      return tl::unexpected(set.error());
    }
  }
  return Distinct(std::move(grid));
}

Result<Grid> LabelJoin(Evaluation& evaluation, const Call& call) {
  const auto strings = Strings(evaluation, call);
  if (!strings) return tl::unexpected(strings.error());
  const std::string_view destination = (*strings)[0];
  const std::string_view separator = (*strings)[1];
  if (!IsLabelName(destination)) {
    return Fail(ErrorCode::kInvalidArgument,
                "invalid destination label name in label_join(): " + std::string(destination));
  }
  for (size_t s = 2; s < strings->size(); ++s) {
    if (!IsLabelName((*strings)[s])) {
      return Fail(ErrorCode::kInvalidArgument,
                  "invalid source label name in label_join(): " + std::string((*strings)[s]));
    }
  }
  Result<Grid> grid = evaluation.Eval(*call.args[0]);
  if (!grid) return grid;
  for (Grid::Row& row : grid->rows()) {
    std::string joined;
    for (size_t s = 2; s < strings->size(); ++s) {
      if (s > 2) joined += separator;
      joined += row.labels.Get((*strings)[s]);
      if (joined.size() > kLongestValue) return TooLong("label_join");
    }
    if (Status set = SetLabel(evaluation, &row, destination, joined); !set) {
      return tl::unexpected(set.error());
    }
  }
  return Distinct(std::move(grid));
}

constexpr std::array kFunctions = {
    Implementation{"label_join", &LabelJoin},
    Implementation{"label_replace", &LabelReplace},
};

}  // namespace

std::span<const Implementation> LabelFunctions() {
  return kFunctions;
}

}  // namespace sidelight::promql
