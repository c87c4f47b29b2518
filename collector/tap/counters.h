// What a tap counts about itself, whatever its protocol: connections and bytes.
#pragma once

#include <array>
#include <string_view>

#include "collector/protocols/observer.h"
#include "core/metrics/registry.h"

namespace sidelight::tap {

// Why the backend was not reached.
enum class ConnectFailure : uint8_t { kRefused, kTimeout, kDns, kNoDescriptor };
// Why a client was turned away.
enum class Refusal : uint8_t { kOverloaded, kNoDescriptor };

// The families, registered once for all taps and workers.
struct Families {
  explicit Families(metrics::Registry& registry);

  metrics::Family* connections_total;
  metrics::Family* connections;
  metrics::Family* connect_failures_total;
  metrics::Family* connections_refused_total;
  metrics::Family* bytes_total;
  metrics::Family* bytes_unparsed_total;
  metrics::Family* connect_duration_seconds;
};

// One tap's instruments in one worker's shard. They exist from the start, at zero.
struct Counters {
  Counters(const Families& families, metrics::Shard& shard, std::string_view tap);

  metrics::Counter* connections_total;
  metrics::Gauge* connections;
  std::array<metrics::Counter*, 4> connect_failures;  // by ConnectFailure
  std::array<metrics::Counter*, 2> refused;           // by Refusal
  std::array<metrics::Counter*, 2> bytes;             // by Direction
  metrics::Counter* bytes_unparsed;
  metrics::Histogram* connect_duration;
};

}  // namespace sidelight::tap
