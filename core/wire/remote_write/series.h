// What remote write carries, in 1.0 and 2.0 alike: series with their samples, as plain structs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/model/exemplar.h"
#include "core/model/float_histogram.h"
#include "core/model/labels.h"
#include "core/model/snapshot.h"

namespace sidelight::remote_write {

struct Sample {
  double value = 0;  // the bits count: a stale marker is one NaN (core/model/stale.h)
  UnixMillis time = 0;
  UnixMillis start = 0;  // since when a counter counts; 0: unknown. Not said by 1.0

  friend bool operator==(const Sample&, const Sample&) = default;
};

struct HistogramSample {
  FloatHistogramPtr histogram;  // never null
  UnixMillis time = 0;
  UnixMillis start = 0;
};

struct Exemplar {
  Labels labels;  // trace_id, span_id
  double value = 0;
  UnixMillis time = 0;

  friend bool operator==(const Exemplar&, const Exemplar&) = default;
};
Exemplar ExemplarOf(const sidelight::Exemplar& exemplar);

// The numbers of both messages.
enum class MetadataType : uint8_t {
  kUnspecified = 0,
  kCounter = 1,
  kGauge = 2,
  kHistogram = 3,
  kGaugeHistogram = 4,
  kSummary = 5,
  kInfo = 6,
  kStateSet = 7
};
MetadataType MetadataTypeOf(MetricType type);

struct Metadata {
  MetadataType type = MetadataType::kUnspecified;
  std::string help;
  std::string unit;  // Prometheus' word

  friend bool operator==(const Metadata&, const Metadata&) = default;
};

// Samples or histograms, never both, in order of time. With only metadata or exemplars it stands for nothing.
struct Series {
  Labels labels;  // the name as __name__
  std::vector<Sample> samples;
  std::vector<HistogramSample> histograms;
  std::vector<Exemplar> exemplars;
  Metadata metadata;
};

// 1.0 sends it apart from series, by family.
struct FamilyMetadata {
  std::string family;
  Metadata metadata;
};

}  // namespace sidelight::remote_write
