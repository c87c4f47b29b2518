#include "collector/meter/database_options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <utility>

namespace sidelight::meter {
namespace {

constexpr Duration kShortestWindow = std::chrono::seconds(10);

bool IsHttp(const Protocol& protocol) {
  return protocol.traffic == Traffic::kHttp;
}
bool IsCache(const Protocol& protocol) {
  return protocol.traffic == Traffic::kDatabase && protocol.cache;
}
bool HasLookups(const Protocol& protocol) {
  return IsHttp(protocol) || IsCache(protocol);
}
bool IsDatabase(const Protocol& protocol) {
  return protocol.traffic == Traffic::kDatabase;
}

struct Key {
  std::string_view name;
  bool (*fits)(const Protocol& protocol);
};
constexpr Key kKeys[] = {{"routes", IsHttp},         {"ignore", IsHttp},
                         {"keyspaces", IsCache},     {"cache_window", HasLookups},
                         {"slow_query", IsDatabase}, {"log_slow_queries", IsDatabase}};

// A connection of `auto` may turn out to speak any protocol.
bool Fits(const Key& key, const Protocol& protocol) {
  return protocol.traffic == Traffic::kDetected || key.fits(protocol);
}

void DecodeKeyspaces(const yaml::Node& list, std::vector<KeyspacePattern>* out) {
  for (const yaml::Node& node : list.AsSequence()) {
    std::string text;
    if (!node.Read(&text)) continue;
    Result<KeyspacePattern> pattern = KeyspacePattern::Parse(text);
    if (!pattern) {
      node.Fail(pattern.error().message);
    } else if (std::any_of(out->begin(), out->end(),
                           [&](const auto& other) { return other.text() == text; })) {
      node.Fail(fmt::format("\"{}\" is in the list already; keep one of them", text));
    } else {
      out->push_back(std::move(*pattern));
    }
  }
}

}  // namespace

void Decode(yaml::Mapping& mapping, DatabaseOptions* out) {
  if (const yaml::Node keyspaces = mapping.Get("keyspaces")) DecodeKeyspaces(keyspaces, &out->keyspaces);
  if (const yaml::Node node = mapping.Get("cache_window")) {
    Duration window{};
    if (node.Read(&window)) {
      if (window < kShortestWindow) {
        node.Fail("it must be at least 10s");
      } else {
        out->cache_window = window;
      }
    }
  }
  if (const yaml::Node node = mapping.Get("slow_query")) {
    Duration threshold{};
    if (node.Read(&threshold)) {
      if (threshold <= Duration::zero()) {
        node.Fail("it must be longer than 0, as 100ms");
      } else {
        out->slow_query = threshold;
      }
    }
  }
  const yaml::Node log = mapping.Get("log_slow_queries");
  if (log && log.Read(&out->log_slow_queries) && out->log_slow_queries && !mapping.Get("slow_query")) {
    log.Fail("it needs slow_query beside it, which says what is slow, as in slow_query: 100ms");
  }
}

void CheckKeysFit(yaml::Mapping& mapping, const Protocol& protocol) {
  for (const Key& key : kKeys) {
    if (Fits(key, protocol)) continue;
    const yaml::Node node = mapping.Get(key.name);
    if (!node) continue;
    std::vector<std::string_view> fitting;
    for (const Protocol& other : Protocols()) {
      if (Fits(key, other)) fitting.push_back(other.name);
    }
    node.Fail(fmt::format("\"{}\" goes with protocol {} and not with {}; remove it", key.name,
                          fmt::join(fitting, " or "), protocol.name));
  }
}

}  // namespace sidelight::meter
