// The pieces of JSON that OTLP's messages are made of, appended to a string.
#pragma once

#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/wire/exposition/utf8.h"

namespace sidelight::otlp {

template <class T>
void AppendInteger(std::string& out, T value) {
  char text[24];
  out.append(text, std::to_chars(text, text + sizeof(text), value).ptr);
}

// 64-bit integers are strings in protobuf's JSON: a JSON number keeps only 53 of their bits.
template <class T>
void AppendQuotedInteger(std::string& out, T value) {
  out += '"';
  AppendInteger(out, value);
  out += '"';
}

// The shortest digits that read back as the same number; those that JSON has no number for as strings.
inline void AppendDouble(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "\"NaN\"";
  } else if (std::isinf(value)) {
    out += value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  } else if (value == 0 && std::signbit(value)) {
    out += "-0.0";  // "-0" reads as an integer, which has no sign
  } else {
    char text[32];
    out.append(text, std::to_chars(text, text + sizeof(text), value).ptr);
  }
}

// With its quotes. Broken UTF-8 becomes U+FFFD.
void AppendString(std::string& out, std::string_view text);

}  // namespace sidelight::otlp
