// The expositions: a Snapshot as a Prometheus scraper reads it.
//
// Text: https://github.com/prometheus/docs/blob/main/docs/instrumenting/exposition_formats.md . OpenMetrics:
// https://prometheus.io/docs/specs/om/open_metrics_spec/ . Protobuf: client_model's metrics.proto, each
// family behind its length. Stale series, and families without a live series, are left out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "core/model/snapshot.h"
#include "core/wire/exposition/escaping.h"

namespace sidelight::wire {

enum class ExpositionFormat : uint8_t {
  kText004,         // classic histograms only; no exemplars
  kText100,         // the same syntax, where names in quotes may be any UTF-8
  kOpenMetrics001,  // counters' families without _total, exemplars, start times as `_created`, units
  kOpenMetrics100,
  kProtobuf,  // delimited; classic and native histograms in one message, exemplars, start times, units
};

struct ExpositionOptions {
  ExpositionFormat format = ExpositionFormat::kText004;
  EscapingScheme escaping = EscapingScheme::kUnderscores;  // 0.0.4 and 0.0.1 have no kAllowUtf8
  // Only families with one of these names: their own, exposed or not, or that of one of their samples. Empty:
  // all.
  std::span<const std::string> names = {};
};

// What could not be exposed, because after escaping its name was taken.
struct ExpositionLosses {
  size_t families =
      0;  // an earlier family has the same name, or one of the same sample names, and another type
  size_t series = 0;  // an earlier series of the family has the same labels
};

// Appends the exposition to `*out`. Bytes that are not UTF-8 come out as U+FFFD. Thread-safe: reads the
// snapshot only.
ExpositionLosses WriteExposition(const Snapshot& snapshot, const ExpositionOptions& options,
                                 std::string* out);

}  // namespace sidelight::wire
