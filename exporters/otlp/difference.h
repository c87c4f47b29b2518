// What happened between two snapshots: delta temporality.
//
// Source: https://opentelemetry.io/docs/specs/otel/metrics/data-model/#temporality .
#pragma once

#include "core/model/snapshot.h"

namespace sidelight::otlp {

// Counters and histograms as what they have grown by since `before`, whose time is then their start; those
// that are new since, or have begun anew, as they are, with the start that they have, or `before` where that
// is unknown. What has not grown is left out once it has been there; so is what has ended. Gauges and
// summaries, which have no delta, are as in `now`. Exemplars are those of the time between. `before` is null
// for the first time.
//
// Added up from the first on, differences give the cumulative values again, bucket for bucket.
Snapshot Difference(const Snapshot* before, const Snapshot& now);

}  // namespace sidelight::otlp
