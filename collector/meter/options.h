// The part of a tap's configuration that says how its exchanges become metrics: the keys role, routes, ignore
// and naming of docs/configuration.md.
#pragma once

#include <string>
#include <vector>

#include "collector/meter/route_pattern.h"
#include "collector/protocols/observer.h"
#include "core/yaml/yaml.h"

namespace sidelight::meter {

// How the series are called: by OpenTelemetry's conventions, or `<prefix>_requests_total` and its like.
enum class NamingStyle { kOtel, kPlain };

struct Naming {
  NamingStyle style = NamingStyle::kOtel;
  std::string prefix = {};  // of kPlain only; part of a classic metric name
  friend bool operator==(const Naming&, const Naming&) = default;
};

struct Options {
  Role role = Role::kServer;
  std::vector<RoutePattern> routes = {};
  std::vector<RoutePattern> ignore = {};  // carried, not measured
  Naming naming = {};
  friend bool operator==(const Options&, const Options&) = default;
};

// Reads those keys from a tap's mapping. What is wrong is recorded at its node and leaves its default; the
// caller calls mapping.Finish().
void Decode(yaml::Mapping& mapping, Options* out);

}  // namespace sidelight::meter
