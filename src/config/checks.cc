#include "src/config/checks.h"

#include <fmt/format.h>

#include <map>

#include "collector/protocols/protocol.h"

namespace sidelight::config {
namespace {

// Port 0 is a free one, each time another.
bool CanClash(const net::Address& address) {
  return address != net::Address() && (address.is_unix() || address.port() != 0);
}

void CheckAddresses(const Config& config, const FailAt& fail) {
  if (CanClash(config.listen) && config.listen == config.probe_listen) {
    fail(Place::kProbeListen, 0,
         fmt::format("\"listen\" and \"probe_listen\" are both \"{}\"; they need an address each",
                     config.listen.ToString()));
  }
  std::map<std::string, std::string> users;
  users.emplace(config.listen.ToString(), "the top-level \"listen\"");
  users.emplace(config.probe_listen.ToString(), "\"probe_listen\"");
  for (size_t i = 0; i < config.taps.size(); ++i) {
    const tap::Options& tap = config.taps[i].tap;
    if (!CanClash(tap.listen)) continue;
    const auto [first, free] = users.emplace(tap.listen.ToString(), fmt::format("tap \"{}\"", tap.name));
    if (free) continue;
    fail(Place::kTapListen, i,
         fmt::format("{} is on \"{}\" already; choose another address", first->second, first->first));
  }
}

void CheckNames(const Config& config, const FailAt& fail) {
  std::map<std::string, size_t> taps;
  for (size_t i = 0; i < config.taps.size(); ++i) {
    const std::string& name = config.taps[i].tap.name;
    if (name.empty() || taps.emplace(name, i).second) continue;
    fail(Place::kTapName, i,
         fmt::format("another tap is named \"{}\" already; each needs a name of its own", name));
  }
}

void CheckPrefixes(const Config& config, const FailAt& fail) {
  std::map<std::pair<std::string, std::string>, size_t> taps;
  for (size_t i = 0; i < config.taps.size(); ++i) {
    const Tap& tap = config.taps[i];
    const meter::Naming& naming = tap.meter.naming;
    if (naming.style != meter::NamingStyle::kPlain || naming.prefix.empty()) continue;
    // All caches name their series alike, whatever their protocol.
    const Protocol* const protocol = FindProtocol(tap.protocol);
    const std::string series = protocol != nullptr && protocol->cache ? "cache" : tap.protocol;
    const auto [first, free] = taps.emplace(std::pair(series, naming.prefix), i);
    if (free) continue;
    fail(Place::kTapPrefix, i,
         fmt::format("tap \"{}\" already gives its {} series the prefix \"{}\"; choose another",
                     config.taps[first->second].tap.name, series, naming.prefix));
  }
}

}  // namespace

void CheckClashes(const Config& config, const FailAt& fail) {
  CheckAddresses(config, fail);
  CheckNames(config, fail);
  CheckPrefixes(config, fail);
}

}  // namespace sidelight::config
