// How an encoded request waits in the queue: it may be sent by another version of the program, with other
// settings, so it says itself which message it is. One byte for that, then the body.
#pragma once

#include <string>
#include <string_view>

#include "core/base/error.h"
#include "exporters/prometheus/remote_write/settings.h"

namespace sidelight::remote_write {

struct Payload {
  Message message = Message::kWrite1;
  std::string_view body;  // compressed; lives in what was unpacked
};

std::string Pack(const Payload& payload);
// kInvalidArgument for what no version up to this one has packed.
Result<Payload> Unpack(std::string_view packed);

}  // namespace sidelight::remote_write
