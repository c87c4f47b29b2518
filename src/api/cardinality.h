// What series the storage holds, by their names and labels: the lists of /api/v1/status/tsdb, for whoever
// looks for what takes the memory.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/storage/queryable.h"

namespace sidelight::api {

struct Cardinality {
  struct Item {
    std::string name;
    uint64_t value = 0;
  };

  uint64_t label_pairs = 0;         // different ones
  std::vector<Item> metric_series;  // series, by the metric's name
  std::vector<Item> label_values;   // different values, by the label's name
  std::vector<Item> label_bytes;    // length of all values, each as often as it occurs, by the label's name
  std::vector<Item> label_pair_series;  // series, by "name=value"
};

// Of each list the `limit` largest, falling; of the same size those that come first in the alphabet.
Cardinality CountSeries(const storage::Queryable& data, size_t limit);

}  // namespace sidelight::api
