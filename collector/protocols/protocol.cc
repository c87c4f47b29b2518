#include "collector/protocols/protocol.h"

#include <array>

#include "collector/protocols/autodetect/observer.h"
#include "collector/protocols/http1/detect.h"
#include "collector/protocols/http1/observer.h"
#include "collector/protocols/memcached/detect.h"
#include "collector/protocols/memcached/observer.h"
#include "collector/protocols/postgres/detect.h"
#include "collector/protocols/postgres/observer.h"
#include "collector/protocols/redis/detect.h"
#include "collector/protocols/redis/observer.h"

namespace sidelight {
namespace {

constexpr std::array kProtocols = {
    Protocol{"http", &http1::MakeObserver, Traffic::kHttp, "", false, &http1::LikenessOf},
    // Before redis: "get k" goes to memcached.
    Protocol{"memcached", &memcached::MakeObserver, Traffic::kDatabase, "memcached", true,
             &memcached::LikenessOf},
    Protocol{"postgres", &postgres::MakeObserver, Traffic::kDatabase, "postgresql", false,
             &postgres::LikenessOf},
    Protocol{"redis", &redis::MakeObserver, Traffic::kDatabase, "redis", true, &redis::LikenessOf},
    Protocol{"tcp", nullptr, Traffic::kBytes, ""},
    Protocol{"auto", &autodetect::MakeObserver, Traffic::kDetected, ""},
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
