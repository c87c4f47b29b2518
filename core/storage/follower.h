// Follower: sees what is appended, for whoever passes it on (remote write).
//
// Called at each commit with what the store took of the batch, in the order in which samples follow each
// other in their series; zeros that the store put before a counter's first step are among them. What came
// back from the log at the start is not. The caller holds the store's lock: a follower copies what it needs,
// does not wait, and does not call the store.
#pragma once

#include <span>

#include "core/base/clock.h"
#include "core/model/exemplar.h"
#include "core/model/float_histogram.h"
#include "core/model/labels.h"
#include "core/storage/appender.h"

namespace sidelight::storage {

struct AppendedSample {
  SeriesRef series = 0;
  const Labels* labels = nullptr;  // with __name__; during the call, like all that is pointed to
  UnixMillis time = 0;
  UnixMillis start = 0;  // 0: unknown
  double value = 0;      // of a float; of a stale marker Prometheus' NaN for it, whatever the series holds
  FloatHistogramPtr histogram;  // null: a float, or a stale marker
};

struct AppendedExemplar {
  SeriesRef series = 0;
  const Labels* labels = nullptr;
  const Exemplar* exemplar = nullptr;
};

class Follower {
 public:
  virtual ~Follower() = default;
  virtual void OnAppended(std::span<const AppendedSample> samples,
                          std::span<const AppendedExemplar> exemplars) = 0;
};

}  // namespace sidelight::storage
