// The head of an HTTP/1 request: request line and headers, parsed strictly (RFC 9112 sections 2 to 6).
//
// Ours and not cpp-httplib's, because 0.11 percent-decodes header values, loses what follows a second '=' or
// '?' of a query, bounds neither the number of headers nor the bytes of a line while it reads, and waits for
// the end of the connection when a POST has no length. Sans-I/O, no recursion; a head is bounded by its
// reader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <tl/expected.hpp>

#include "core/http/message.h"

namespace sidelight::http {

enum class BodyFraming { kNone, kLength, kChunked };

struct Head {
  Request request;  // method, path, query, headers
  bool http_1_0 = false;
  bool keep_alive = true;  // what the client asks for
  bool expect_continue = false;
  BodyFraming framing = BodyFraming::kNone;
  uint64_t content_length = 0;  // of kLength
};

// How many of `bytes` the head takes, the empty line included; 0 while it is not complete. Lines end with LF
// or CRLF; empty lines before the request line belong to the head. `from` is where an earlier call on fewer
// bytes stopped looking; it is moved on, so that a head that comes in small pieces is not searched again and
// again.
size_t FindHeadEnd(std::string_view bytes, size_t* from);

// `bytes` is a whole head, as FindHeadEnd measured it. `head` keeps what was understood when it fails, so
// that the refusal can carry the request's correlation id.
tl::expected<void, Failure> ParseHead(std::string_view bytes, Head* head);

}  // namespace sidelight::http
