// The part of a tap's configuration that is of databases and caches: the keys keyspaces, cache_window (of
// HTTP caches as well), slow_query and log_slow_queries of docs/configuration.md; and which keys of a tap go
// with which protocols.
#pragma once

#include <optional>
#include <vector>

#include "collector/meter/keyspace_pattern.h"
#include "collector/protocols/protocol.h"
#include "core/base/clock.h"
#include "core/yaml/yaml.h"

namespace sidelight::meter {

struct DatabaseOptions {
  std::vector<KeyspacePattern> keyspaces = {};        // the first that matches counts
  Duration cache_window = std::chrono::minutes(5);    // of the hit ratio
  std::optional<Duration> slow_query = std::nullopt;  // what takes longer is counted as slow
  bool log_slow_queries = false;                      // ... and logged; only with slow_query
  friend bool operator==(const DatabaseOptions&, const DatabaseOptions&) = default;
};

// Reads those keys from a tap's mapping. What is wrong is recorded at its node and leaves its default; the
// caller calls mapping.Finish().
void Decode(yaml::Mapping& mapping, DatabaseOptions* out);

// Records an error at each key of the mapping that means nothing to that protocol, HTTP's `routes` and
// `ignore` included.
void CheckKeysFit(yaml::Mapping& mapping, const Protocol& protocol);

}  // namespace sidelight::meter
