#include "collector/meter/tap_families.h"

#include <array>
#include <string>
#include <utility>

namespace sidelight::meter {
namespace {

constexpr std::array<std::string_view, kOpaqueReasons> kOpaqueWords = {"not_protocol", "upgraded", "limit",
                                                                       "desynchronized"};

metrics::Family* Counter(metrics::Registry& registry, std::string name, std::string help) {
  return registry.AddFamily({.name = std::move(name),
                             .help = std::move(help),
                             .unit = "",
                             .type = MetricType::kCounter,
                             .histogram = {}});
}

}  // namespace

TapFamilies::TapFamilies(metrics::Registry& registry)
    : exchanges(Counter(
          registry, "sidelight_tap_exchanges_total",
          "Requests that were understood from their first byte to their end, ignored ones included.")),
      unobserved(
          Counter(registry, "sidelight_tap_exchanges_unobserved_total",
                  "Requests whose answer was not seen, because the connection went opaque before it.")),
      opaque(Counter(registry, "sidelight_tap_opaque_total",
                     "Connections that were carried unread from some byte on, by the reason.")),
      overflow(Counter(
          registry, "sidelight_series_overflow_total",
          "Requests that were counted in the overflow series, because the limit on series was reached.")) {}

Labels TapLabels(std::string_view tap) {
  return {{"tap", tap}};
}

Labels OpaqueLabels(std::string_view tap, OpaqueReason reason) {
  return {{"tap", tap}, {"reason", kOpaqueWords[static_cast<size_t>(reason)]}};
}

std::string_view ErrorWord(Outcome outcome) {
  switch (outcome) {
    case Outcome::kConnectRefused:
      return "connect_refused";
    case Outcome::kConnectTimeout:
      return "connect_timeout";
    case Outcome::kDns:
      return "dns";
    case Outcome::kUpstreamClosed:
      return "upstream_closed";
    case Outcome::kResponseIncomplete:
      return "response_incomplete";
    case Outcome::kTimeout:
      return "timeout";
    case Outcome::kOverloaded:
      return "overloaded";
    case Outcome::kClientGone:
      return "client_gone";
    case Outcome::kAnswered:
    case Outcome::kUnobserved:
      break;
  }
  return "";
}

}  // namespace sidelight::meter
