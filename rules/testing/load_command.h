// The command `load STEP`: series with their samples, and its way into a store.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/error.h"
#include "core/storage/appender.h"
#include "rules/testing/series_notation.h"

namespace sidelight::promqltest {

struct LoadedSeries {
  size_t line = 0;  // of the file
  Labels labels;
  std::vector<SequenceValue> values;                  // number i at the time i * step
  std::vector<std::optional<int64_t>> start_offsets;  // none, or as many: milliseconds from the sample's time
};

struct LoadCommand {
  int64_t step = 0;        // milliseconds
  bool with_nhcb = false;  // classic histograms are also loaded as native ones (nhcb.h)
  std::vector<LoadedSeries> series;
};

// Appends it all and commits it. The error is the first sample that the store refused, and then nothing is
// committed.
Status Load(const LoadCommand& command, storage::Appender& appender);

}  // namespace sidelight::promqltest
