#include "exporters/prometheus/remote_write/payload.h"

namespace sidelight::remote_write {
namespace {

constexpr char kFirst = 1;
constexpr char kSecond = 2;

}  // namespace

std::string Pack(const Payload& payload) {
  std::string packed;
  packed.reserve(payload.body.size() + 1);
  packed += payload.message == Message::kWrite2 ? kSecond : kFirst;
  return packed += payload.body;
}

Result<Payload> Unpack(std::string_view packed) {
  if (packed.empty() || (packed.front() != kFirst && packed.front() != kSecond)) {
    return Fail(ErrorCode::kInvalidArgument,
                "the queued request is written in a way that this version does not know");
  }
  return Payload{.message = packed.front() == kSecond ? Message::kWrite2 : Message::kWrite1,
                 .body = packed.substr(1)};
}

}  // namespace sidelight::remote_write
