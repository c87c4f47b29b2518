#include "exporters/otlp/payload.h"

namespace sidelight::otlp {
namespace {

constexpr unsigned kJsonBit = 1;
constexpr unsigned kGzipBit = 2;

}  // namespace

std::string Pack(const Payload& payload) {
  unsigned how = 0;
  if (payload.encoding == Encoding::kJson) how |= kJsonBit;
  if (payload.gzip) how |= kGzipBit;
  std::string packed;
  packed.reserve(payload.message.size() + 1);
  packed += static_cast<char>(how);
  return packed += payload.message;
}

Result<Payload> Unpack(std::string_view packed) {
  const unsigned how = packed.empty() ? ~0U : static_cast<uint8_t>(packed.front());
  if ((how & ~(kJsonBit | kGzipBit)) != 0) {
    return Fail(ErrorCode::kInvalidArgument,
                "the queued message is written in a way that this version does not know");
  }
  return Payload{.encoding = (how & kJsonBit) != 0 ? Encoding::kJson : Encoding::kProtobuf,
                 .gzip = (how & kGzipBit) != 0,
                 .message = packed.substr(1)};
}

}  // namespace sidelight::otlp
