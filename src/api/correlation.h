// The correlation id ties a response to the log lines about it.
#pragma once

#include <string>

#include "core/http/message.h"

namespace sidelight::api {

inline constexpr char kCorrelationHeader[] = "X-Correlation-Id";

// The request's own when it is at most 64 characters of A-Z a-z 0-9 . _ - and comes once, so that it can be
// written into headers and logs as it is; otherwise a new one, 128 random bits in hexadecimal.
std::string CorrelationId(const http::Request& request);

}  // namespace sidelight::api
