#include "collector/protocols/protocol.h"

#include <array>

#include "collector/protocols/http1/observer.h"
#include "collector/protocols/memcached/observer.h"
#include "collector/protocols/postgres/observer.h"
#include "collector/protocols/redis/observer.h"

namespace sidelight {
namespace {

constexpr std::array kProtocols = {
    Protocol{"http", &http1::MakeObserver, Traffic::kHttp, ""},
    Protocol{"memcached", &memcached::MakeObserver, Traffic::kDatabase, "memcached", true},
    Protocol{"postgres", &postgres::MakeObserver, Traffic::kDatabase, "postgresql"},
    Protocol{"redis", &redis::MakeObserver, Traffic::kDatabase, "redis", true},
    Protocol{"tcp", nullptr, Traffic::kBytes, ""},
};

}  // namespace

std::span<const Protocol> Protocols() {
  return kProtocols;
}

const Protocol* FindProtocol(std::string_view name) {
  for (const Protocol& protocol : kProtocols) {
    if (protocol.name == name) return &protocol;
  }
  return nullptr;
}

}  // namespace sidelight
