// What a label's text is as the value of an attribute whose values are no texts.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/model/naming.h"

namespace sidelight::otlp {

// "503" -> 503, "true" -> 1; nothing where the text is no such value, and is sent as text.
inline std::optional<int64_t> IntegerOf(std::string_view text, AttributeKind kind) {
  if (kind == AttributeKind::kBoolean) {
    if (text == "true") return 1;
    if (text == "false") return 0;
    return std::nullopt;
  }
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace sidelight::otlp
