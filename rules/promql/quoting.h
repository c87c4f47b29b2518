// Quoting: string literals as Go writes and reads them. Quote itself is in printer.h.
//
// Source: https://go.dev/ref/spec#String_literals, with both " and ' as quotes around escapes, and ` around
// raw text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/base/error.h"

namespace sidelight::promql {

struct StringText {
  std::string value;
  size_t length = 0;  // bytes of the literal, its quotes included
};
// The literal that `text` starts with; its first character is one of the three quotes.
Result<StringText> Unquote(std::string_view text);

// The first character of `text` in single quotes, as Go's %q writes a rune; nothing there: '�'.
std::string QuoteCharacter(std::string_view text);

// At most that many characters from the start.
std::string_view Utf8Prefix(std::string_view text, size_t characters);

// Whether it can be written without quotes: as the name of a label, and (colons allowed) of a metric.
bool IsPlainLabelName(std::string_view name);
bool IsPlainMetricName(std::string_view name);

}  // namespace sidelight::promql
