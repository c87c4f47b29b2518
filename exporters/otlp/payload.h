// How an encoded message waits in the queue: it may be sent by another version of the program, with other
// settings, so it says itself how it is written. One byte for that, then the message.
#pragma once

#include <string>
#include <string_view>

#include "core/base/error.h"
#include "core/wire/otlp/encode.h"

namespace sidelight::otlp {

struct Payload {
  Encoding encoding = Encoding::kProtobuf;
  bool gzip = false;
  std::string_view message;  // compressed when it says so; lives in what was unpacked
};

std::string Pack(const Payload& payload);
// kInvalidArgument for what no version up to this one has packed.
Result<Payload> Unpack(std::string_view packed);

}  // namespace sidelight::otlp
