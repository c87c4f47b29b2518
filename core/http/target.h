// The target of a request line, "/metrics?name[]=up" (RFC 9112 section 3.2, RFC 3986), and its query as forms
// write it: '+' is a space, a value may hold further '='.
#pragma once

#include <string_view>
#include <tl/expected.hpp>

#include "core/http/message.h"

namespace sidelight::http {

// Fills path and query, percent-decoded. Scheme and authority of the absolute form, and a fragment, are
// dropped.
tl::expected<void, Failure> ParseTarget(std::string_view target, Request* request);

}  // namespace sidelight::http
