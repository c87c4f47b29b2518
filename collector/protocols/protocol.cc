#include "collector/protocols/protocol.h"

#include <array>

#include "collector/protocols/http1/observer.h"

namespace sidelight {
namespace {

constexpr std::array kProtocols = {
    Protocol{"http", &http1::MakeObserver, Traffic::kHttp, ""},
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
