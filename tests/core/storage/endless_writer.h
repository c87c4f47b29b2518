// What endless_writer writes, and so what kill9_test must find.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "core/base/clock.h"
#include "core/model/float_histogram.h"
#include "core/model/labels.h"

namespace sidelight::storage {

inline constexpr int kWriterSeries = 40;
inline constexpr UnixMillis kWriterStep = 1000;  // between commits

inline Labels WriterLabels(int series) {
  const std::string number = std::to_string(series);
  return Labels{{"__name__", "written"}, {"series", number}};
}

// Counters, a fraction, an idle one.
inline double WriterValue(int series, int64_t commit) {
  if (series % 10 == 0) return static_cast<double>(commit) / 3;
  if (series % 10 == 1) return 7;
  return static_cast<double>(commit * series + commit % 3);
}

inline UnixMillis WriterStart(int series, int64_t commit) {
  return series % 5 == 0 ? 1 + commit / 1000 : 0;
}

inline FloatHistogramPtr WriterHistogram(int64_t commit) {
  auto histogram = std::make_shared<FloatHistogram>();
  histogram->positive_spans = {{0, 2}};
  histogram->positive = {static_cast<double>(commit), static_cast<double>(commit / 2)};
  histogram->count = histogram->positive[0] + histogram->positive[1];
  histogram->sum = histogram->count;
  return histogram;
}

}  // namespace sidelight::storage
