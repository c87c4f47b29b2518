// The traceparent header of the W3C's Trace Context, version 00, and of later versions what 00 shares with
// them (w3.org/TR/trace-context, section 3.2).
#pragma once

#include <optional>
#include <string_view>

#include "core/model/exemplar.h"

namespace sidelight {

struct Traceparent {
  TraceId id;
  bool sampled = false;  // somebody upstream records this trace
};

// `value` without white space around it. Nothing when it is malformed, of version ff, or an identifier is
// zero: such a header is to be treated as absent.
std::optional<Traceparent> ParseTraceparent(std::string_view value);

}  // namespace sidelight
