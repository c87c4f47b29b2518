// Functions that change labels.
#include <fmt/format.h>
#include <re2/re2.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "core/base/utf8.h"
#include "core/relabel/expand.h"
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
    const std::string expanded = relabel::Expand(replacement, regex, groups, kLongestValue);
    if (expanded.size() > kLongestValue) return TooLong("label_replace");
    if (Status set = SetLabel(evaluation, &row, destination, expanded); !set) {
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
