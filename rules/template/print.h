// Printer: writes values as Go's package fmt does, into a text of bounded length.
//
// %v of a float is the shortest text that reads back as it ("1e+06"), a map is map[a:1 b:2] in the order of
// its keys, a list [1 2], nothing at all <nil>. A verb that does not fit says so in the text: %!d(string=x).
//
// Source: https://pkg.go.dev/fmt .
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "rules/template/value.h"

namespace sidelight::text_template {

// Bytes of an object's own text.
inline constexpr size_t kMaxObjectText = 64 * 1024;

class Printer {
 public:
  // What goes beyond `limit` bytes is dropped, and full() says so.
  explicit Printer(size_t limit) : limit_(limit) {}

  // As Sprint (spaces between operands of which neither is a string), Sprintln, Sprintf.
  void Print(std::span<const Value> values);
  void PrintLine(std::span<const Value> values);
  void Format(std::string_view format, std::span<const Value> values);

  void Text(std::string_view text);
  void Operand(const Value& value);  // %v

  bool full() const { return full_; }
  size_t size() const { return text_.size(); }
  size_t room() const { return limit_ - text_.size(); }
  const std::string& text() const { return text_; }
  std::string Take() && { return std::move(text_); }

 private:
  size_t limit_;
  bool full_ = false;
  std::string text_;
};

// As Go's %q: in double quotes, with escapes for what cannot be printed, and if `ascii` for all beyond it.
std::string QuoteText(std::string_view text, bool ascii = false);
// The character as UTF-8; U+FFFD for what is none.
std::string EncodeCharacter(uint32_t character);
// The character that `text` starts with and its bytes; U+FFFD and 1 where it starts with none. Not empty.
std::pair<uint32_t, size_t> DecodeCharacter(std::string_view text);
// As far as an alert's text can tell: not controls, surrogates, private use, spaces other than the usual one.
bool IsPrintable(uint32_t character);
// As Go's %#U: "U+0040 '@'".
std::string CharacterName(uint32_t character);

}  // namespace sidelight::text_template
