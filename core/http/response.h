// Writes responses (RFC 9112 section 4).
#pragma once

#include <string>

#include "core/base/clock.h"
#include "core/http/message.h"

namespace sidelight::http {

// What the client is told about the connection; the last is for HTTP/1.0, where it is not understood.
enum class Afterwards { kClose, kKeepAlive, kKeepAliveSaid };

// The status line and the headers, with the empty line. A header whose name or value has a line break in it
// is left out, so that nothing a client sent can add one of its own.
std::string ResponseHead(const Response& response, Afterwards afterwards, UnixMillis now);

}  // namespace sidelight::http
