// Families: the metrics that one tap's exchanges become, with the labels of each series, in the naming style
// of the tap. docs/metrics.md lists them.
//
// Immutable once made, and shared by the tap's workers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "collector/meter/identity.h"
#include "collector/meter/options.h"
#include "collector/meter/routes.h"
#include "collector/protocols/exchange.h"
#include "core/metrics/registry.h"
#include "core/model/labels.h"

namespace sidelight::meter {

// Index into the known methods (collector/protocols/http1/methods.h); behind the last of them is "_OTHER".
using MethodId = uint8_t;

// What tells the series of one metric apart, beyond the tap.
struct Combination {
  RouteId route = kNoRoute;
  MethodId method = 0;
  uint8_t version = 0;  // index of network.protocol.version; 0: not known
  uint16_t status = 0;  // in naming plain always set; in otel 0 when there was no answer
  Outcome outcome = Outcome::kAnswered;

  uint64_t Packed() const {
    return uint64_t{route} << 32 | uint64_t{method} << 24 | uint64_t{version} << 20 |
           uint64_t{static_cast<uint8_t>(outcome)} << 16 | status;
  }
};

// What naming plain calls a request without route.
inline constexpr std::string_view kUnmatched = "unmatched";

class Families {
 public:
  Families(metrics::Registry& registry, const Identity& identity, Role role, const Naming& naming);

  bool plain() const { return plain_; }
  size_t methods() const { return methods_.size(); }  // "_OTHER" included
  std::string_view Text(MethodId method) const { return methods_[method]; }
  MethodId MethodOf(std::string_view operation) const;
  Combination CombinationOf(const Exchange& exchange, RouteId route) const;

  // Null in naming plain, but for duration and requests.
  metrics::Family* duration = nullptr;
  metrics::Family* time_to_first_byte = nullptr;
  metrics::Family* request_body_size = nullptr;
  metrics::Family* response_body_size = nullptr;
  metrics::Family* pipeline_wait = nullptr;
  metrics::Family* active_requests = nullptr;
  metrics::Family* requests = nullptr;  // naming plain only
  metrics::Family* exchanges = nullptr;
  metrics::Family* unobserved = nullptr;
  metrics::Family* opaque = nullptr;
  metrics::Family* overflow = nullptr;

  // Of duration, time_to_first_byte and the sizes; in naming plain of duration alone.
  Labels ExchangeLabels(const Combination& combination, std::string_view route) const;
  // Of requests (naming plain).
  Labels RequestLabels(const Combination& combination, std::string_view route) const;
  // Of active_requests and pipeline_wait.
  Labels MethodLabels(MethodId method) const;
  // Of the series that takes what the limit refuses, in any of the above.
  Labels OverflowLabels() const;
  Labels TapLabels() const;
  Labels OpaqueLabels(OpaqueReason reason) const;

 private:
  class Builder;

  // The attributes' names as Prometheus has them.
  struct Names {
    std::string method, scheme, status, route, error, version, address, port;
  };

  std::vector<std::string> methods_;  // by MethodId
  const Identity identity_;
  const std::string port_;
  const Role role_;
  const bool plain_;
  Names names_;
};

}  // namespace sidelight::meter
