// What is not there.
#include <array>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/promql/functions/function.h"

namespace sidelight::promql {
namespace {

// What a selector says for certain of the series that it looks for: labels that an equality names, unless
// another matcher of the label comes behind it. (One that comes before takes nothing back, as in Prometheus.)
Labels LabelsOf(const VectorSelector* selector) {
  if (selector == nullptr) return {};
  std::map<std::string_view, std::string_view> certain;  // "" once it is not
  for (const Matcher& matcher : selector->matchers) {
    if (matcher.name() == "__name__") continue;
    const auto known = certain.find(matcher.name());
    if (known != certain.end()) {
      known->second = "";
    } else if (matcher.type() == Matcher::Type::kEqual) {
      certain.emplace(matcher.name(), matcher.value());
    }
  }
  std::vector<Label> labels;
  for (const auto& [name, value] : certain) labels.push_back({name, value});
  return Labels(labels);
}

Grid AbsentAt(const std::vector<bool>& present, Labels labels) {
  Grid grid(present.size());
  const size_t row = grid.Add(std::move(labels));
  for (size_t i = 0; i < present.size(); ++i) {
    if (!present[i]) grid.SetFloat(row, i, 1);
  }
  if (grid.RowIsEmpty(row)) grid.RemoveLast();
  return grid;
}

Result<Grid> Absent(Evaluation& evaluation, const Call& call) {
  const Result<Grid> vector = evaluation.Eval(*call.args[0]);
  if (!vector) return vector;
  std::vector<bool> present(vector->steps());
  for (size_t row = 0; row < vector->size(); ++row) {
    for (size_t i = 0; i < present.size(); ++i) present[i] = present[i] || vector->Has(row, i);
  }
  return AbsentAt(present, LabelsOf(TryAs<VectorSelector>(Unwrap(*call.args[0]))));
}

Result<Grid> AbsentOverTime(Evaluation& evaluation, const Call& call) {
  std::vector<bool> present(evaluation.steps().count);
  Status visited = evaluation.EvalRange(*call.args[0], [&](RangeSeries& series) -> Status {
    for (size_t i = 0; i < present.size(); ++i) present[i] = present[i] || !series.At(i).empty();
    return {};
  });
  if (!visited) return tl::unexpected(visited.error());
  const auto* const matrix = TryAs<MatrixSelector>(Unwrap(*call.args[0]));
  return AbsentAt(present, LabelsOf(matrix == nullptr ? nullptr : matrix->selector.get()));
}

constexpr std::array kFunctions = {
    Implementation{"absent", &Absent},
    Implementation{"absent_over_time", &AbsentOverTime},
};

}  // namespace

std::span<const Implementation> AbsentFunctions() {
  return kFunctions;
}

}  // namespace sidelight::promql
