// Functions that order an instant query's answer.
#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <numeric>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/promql/functions/function.h"

namespace sidelight::promql {
namespace {

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

// Runs of digits by their number, everything else byte by byte: "4m5" before "4m600".
int NaturalCompare(std::string_view a, std::string_view b) {
  while (!a.empty() && !b.empty()) {
    if (!IsDigit(a[0]) || !IsDigit(b[0])) {
      if (a[0] != b[0]) return static_cast<unsigned char>(a[0]) < static_cast<unsigned char>(b[0]) ? -1 : 1;
      a.remove_prefix(1);
      b.remove_prefix(1);
      continue;
    }
    const auto number = [](std::string_view* text) {
      size_t end = 0;
      while (end < text->size() && IsDigit((*text)[end])) ++end;
      std::string_view digits = text->substr(0, end);
      text->remove_prefix(end);
      while (digits.size() > 1 && digits[0] == '0') digits.remove_prefix(1);
      return digits;
    };
    const std::string_view left = number(&a);
    const std::string_view right = number(&b);
    if (left.size() != right.size()) return left.size() < right.size() ? -1 : 1;
    if (const int order = left.compare(right); order != 0) return order;
  }
  if (a.empty() && b.empty()) return 0;
  return a.empty() ? -1 : 1;
}

Result<Grid> Argument(Evaluation& evaluation, const Call& call) {
  Result<Grid> grid = evaluation.Eval(*call.args[0]);
  if (grid && evaluation.query().interval != 0) {
    evaluation.annotations().Warn(
        call.position, "sort is ineffective for range queries since results are always ordered by labels");
  }
  return grid;
}

template <class Before>
Grid Reorder(Grid grid, Before before) {
  std::vector<size_t> order(grid.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), before);
  Grid ordered(grid.steps());
  ordered.Reserve(grid.size());
  for (const size_t row : order) {
    const size_t added = ordered.Add(grid.row(row).labels, grid.row(row).drop_name);
    for (size_t i = 0; i < grid.steps(); ++i) {
      if (grid.Has(row, i)) ordered.Set(added, i, grid.cell(row, i));
    }
  }
  return ordered;
}

template <bool Descending>
Result<Grid> Sort(Evaluation& evaluation, const Call& call) {
  Result<Grid> grid = Argument(evaluation, call);
  if (!grid) return grid;
  std::vector<bool> keep(grid->size());
  for (size_t row = 0; row < grid->size(); ++row) {
    for (size_t i = 0; i < grid->steps(); ++i) {
      if (grid->HasFloat(row, i)) {
        keep[row] = true;
      } else {
        grid->Clear(row, i);
      }
    }
  }
  grid->Keep(keep);
  if (grid->steps() != 1) return grid;
  const Grid& values = *grid;
  return Reorder(*grid, [&values](size_t a, size_t b) {
    const double left = values.floats(a)[0];
    const double right = values.floats(b)[0];
    if (std::isnan(left) || std::isnan(right)) return !std::isnan(left) && std::isnan(right);
    return Descending ? left > right : left < right;
  });
}

template <bool Descending>
Result<Grid> SortByLabel(Evaluation& evaluation, const Call& call) {
  std::vector<std::string_view> names;
  for (size_t a = 1; a < call.args.size(); ++a) {
    const Result<std::string_view> name = evaluation.EvalString(*call.args[a]);
    if (!name) return tl::unexpected(name.error());
    names.push_back(*name);
  }
  Result<Grid> grid = Argument(evaluation, call);
  if (!grid || grid->steps() != 1) return grid;
  const Grid& rows = *grid;
  return Reorder(*grid, [&rows, &names](size_t a, size_t b) {
    const Labels& left = rows.row(Descending ? b : a).labels;
    const Labels& right = rows.row(Descending ? a : b).labels;
    for (const std::string_view name : names) {
      const int order = NaturalCompare(left.Get(name), right.Get(name));
      if (order != 0) return order < 0;
    }
    return left < right;
  });
}

constexpr std::array kFunctions = {
    Implementation{"sort", &Sort<false>},
    Implementation{"sort_by_label", &SortByLabel<false>},
    Implementation{"sort_by_label_desc", &SortByLabel<true>},
    Implementation{"sort_desc", &Sort<true>},
};

}  // namespace

std::span<const Implementation> SortFunctions() {
  return kFunctions;
}

}  // namespace sidelight::promql
