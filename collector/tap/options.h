// The settings of one tap, as far as they say how bytes are moved. What is made of the bytes (routes, naming)
// is read from the same mapping by collector/meter.
#pragma once

#include <optional>
#include <string>

#include "core/base/clock.h"
#include "core/net/address.h"
#include "core/yaml/yaml.h"

namespace sidelight::tap {

struct Options {
  std::string name;
  net::Address listen;
  net::Address upstream;
  std::optional<net::Address> source;  // our IP address towards the backend, without a port
  bool proxy_protocol = false;         // send a PROXY protocol v2 header to the backend
  Duration connect_timeout = std::chrono::seconds(5);
  Duration timeout{};  // an upstream silent for longer than this while it owes an answer; 0: no limit

  friend bool operator==(const Options&, const Options&) = default;
};

// Reads `name`, `listen`, `upstream`, `source`, `proxy_protocol` (off, on or v2), `connect_timeout` and
// `timeout`. What is wrong is recorded in the mapping's document; the caller calls Finish().
void Decode(yaml::Mapping& mapping, Options* out);

// An upstream as the configuration and the command line write it; tls:// is refused as reserved.
Result<net::Address> ParseUpstream(std::string_view text);

}  // namespace sidelight::tap
