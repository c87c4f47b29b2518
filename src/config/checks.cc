#include "src/config/checks.h"

#include <fmt/format.h>

#include <map>
#include <utility>
#include <vector>

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

// What a tap of that protocol has series of, in naming plain. All caches name theirs alike, those that HTTP
// tells of too, and `auto` may find every protocol.
std::vector<std::string> SeriesOf(const std::string& name) {
  const Protocol* const protocol = FindProtocol(name);
  if (protocol == nullptr) return {name};
  if (protocol->traffic == Traffic::kHttp) return {name, "cache"};
  if (protocol->traffic != Traffic::kDetected) return {protocol->cache ? "cache" : name};
  std::vector<std::string> all;
  for (const Protocol& one : Protocols()) {
    if (one.likeness == nullptr) continue;
    for (std::string& series : SeriesOf(std::string(one.name))) all.push_back(std::move(series));
  }
  return all;
}

void CheckPrefixes(const Config& config, const FailAt& fail) {
  std::map<std::pair<std::string, std::string>, size_t> taps;
  for (size_t i = 0; i < config.taps.size(); ++i) {
    const Tap& tap = config.taps[i];
    const meter::Naming& naming = tap.meter.naming;
    if (naming.style != meter::NamingStyle::kPlain || naming.prefix.empty()) continue;
    for (const std::string& series : SeriesOf(tap.protocol)) {
      const auto [first, free] = taps.emplace(std::pair(series, naming.prefix), i);
      if (free || first->second == i) continue;
      fail(Place::kTapPrefix, i,
           fmt::format("tap \"{}\" already gives its {} series the prefix \"{}\"; choose another",
                       config.taps[first->second].tap.name, series, naming.prefix));
      break;
    }
  }
}

}  // namespace

void CheckClashes(const Config& config, const FailAt& fail) {
  CheckAddresses(config, fail);
  CheckNames(config, fail);
  CheckPrefixes(config, fail);
}

}  // namespace sidelight::config
