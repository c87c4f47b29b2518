// The protocols that a tap can be told to observe: one folder each, one line each in the table of
// protocol.cc.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "collector/protocols/likeness.h"
#include "collector/protocols/observer.h"

namespace sidelight {

// What a protocol's exchanges are, and with it what the meter makes of them.
enum class Traffic : uint8_t {
  kBytes,
  kHttp,
  kDatabase,
  kDetected,  // those of the protocol that each connection turns out to speak: ExchangeSink::Detected
};

struct Protocol {
  std::string_view name;  // as in the config's `protocol:` and the command line's URL scheme
  // Makes the observer of one new connection; null for `tcp`, whose bytes are only counted.
  std::unique_ptr<Observer> (*make_observer)(ExchangeSink& sink);
  Traffic traffic;
  std::string_view system;  // of kDatabase: db.system.name; "" for others
  bool cache = false;       // of kDatabase: its answers tell hits and misses, and it has keyspaces
  // How like it the first bytes of a client are (likeness.h); null for one that `auto` does not look for.
  Likeness (*likeness)(std::string_view prefix) = nullptr;
};

// In the order in which `auto` prefers them.
std::span<const Protocol> Protocols();
// nullptr when there is none of that name.
const Protocol* FindProtocol(std::string_view name);

}  // namespace sidelight
