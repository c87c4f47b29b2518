// Value: what a query answers, as the HTTP API's "result" has it. Owned by the caller, detached from the
// store.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "core/base/clock.h"
#include "core/model/float_histogram.h"
#include "core/model/labels.h"
#include "rules/promql/annotations.h"

namespace sidelight::promql {

struct Scalar {
  UnixMillis time = 0;
  double value = 0;
};

struct String {
  UnixMillis time = 0;
  std::string value;
};

// A float where `histogram` is null.
struct Sample {
  Labels labels;
  UnixMillis time = 0;
  double value = 0;
  FloatHistogramPtr histogram;
};
using Vector = std::vector<Sample>;  // in the order that the expression gave it

struct FloatPoint {
  UnixMillis time = 0;
  double value = 0;
};
struct HistogramPoint {
  UnixMillis time = 0;
  FloatHistogramPtr histogram;
};
struct SampleSeries {
  Labels labels;
  std::vector<FloatPoint> floats;
  std::vector<HistogramPoint> histograms;
};
using Matrix = std::vector<SampleSeries>;  // sorted by labels

using Value = std::variant<Scalar, String, Vector, Matrix>;
// "scalar", "string", "vector", "matrix".
std::string_view ResultTypeName(const Value& value);

struct QueryResult {
  Value value;
  Annotations annotations;
  uint64_t samples_read = 0;
};

}  // namespace sidelight::promql
