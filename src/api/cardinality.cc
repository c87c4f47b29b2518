#include "src/api/cardinality.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <string_view>
#include <tuple>
#include <utility>

namespace sidelight::api {
namespace {

using Item = Cardinality::Item;

std::vector<Item> Largest(std::vector<Item> items, size_t limit) {
  const auto larger = [](const Item& a, const Item& b) {
    return std::tie(b.value, a.name) < std::tie(a.value, b.name);
  };
  const auto end = items.begin() + static_cast<std::ptrdiff_t>(std::min(limit, items.size()));
  std::partial_sort(items.begin(), end, items.end(), larger);
  items.erase(end, items.end());
  return items;
}

}  // namespace

Cardinality CountSeries(const storage::Queryable& data, size_t limit) {
  constexpr UnixMillis kEver = std::numeric_limits<UnixMillis>::max();
  const std::unique_ptr<storage::Selection> selection = data.Select({}, -kEver, kEver);
  std::map<std::string_view, std::map<std::string_view, uint64_t>> series_of;  // by label's name, then value
  for (const storage::Series* const series : selection->series()) {
    for (const Label label : series->labels()) ++series_of[label.name][label.value];
  }

  Cardinality all;
  for (const auto& [name, values] : series_of) {
    uint64_t bytes = 0;
    for (const auto& [value, count] : values) {
      bytes += value.size() * count;
      all.label_pair_series.push_back({fmt::format("{}={}", name, value), count});
      if (name == "__name__") all.metric_series.push_back({std::string(value), count});
    }
    all.label_pairs += values.size();
    all.label_values.push_back({std::string(name), values.size()});
    all.label_bytes.push_back({std::string(name), bytes});
  }
  for (std::vector<Item>* const list :
       {&all.metric_series, &all.label_values, &all.label_bytes, &all.label_pair_series}) {
    *list = Largest(std::move(*list), limit);
  }
  return all;
}

}  // namespace sidelight::api
