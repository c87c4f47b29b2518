// Names and values as forms and query strings write them (application/x-www-form-urlencoded): "a=1&b=x+y",
// where '+' is a space and a value may hold further '='.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/http/message.h"

namespace sidelight::http {

// Nothing when a '%' has no two hexadecimal digits after it.
std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_space);

// The pairs in their order; empty ones ("&&") are passed over. Nothing as above.
std::optional<Fields> ParseForm(std::string_view text);

// The other way: everything but letters, digits and "-._~" as %XX.
std::string FormatForm(const Fields& fields);

}  // namespace sidelight::http
