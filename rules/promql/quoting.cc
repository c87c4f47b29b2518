#include "rules/promql/quoting.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "core/base/utf8.h"
#include "rules/promql/printer.h"

namespace sidelight::promql {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD
constexpr uint32_t kLastCodePoint = 0x10ffff;

struct Range {
  uint32_t first;
  uint32_t last;
};

// What Go does not print: controls, formats, separators but the blank, surrogates, private use and
// non-characters. Code points that are not assigned are taken for printable.
constexpr auto kUnprintable = std::to_array<Range>({
    {0x00, 0x1f},       {0x7f, 0xa0},       {0xad, 0xad},       {0x600, 0x605},      {0x61c, 0x61c},
    {0x6dd, 0x6dd},     {0x70f, 0x70f},     {0x890, 0x891},     {0x8e2, 0x8e2},      {0x1680, 0x1680},
    {0x180e, 0x180e},   {0x2000, 0x200f},   {0x2028, 0x202f},   {0x205f, 0x206f},    {0x3000, 0x3000},
    {0xd800, 0xf8ff},   {0xfdd0, 0xfdef},   {0xfeff, 0xfeff},   {0xfff0, 0xfffb},    {0xfffe, 0xffff},
    {0x110bd, 0x110bd}, {0x110cd, 0x110cd}, {0x13430, 0x1343f}, {0x1bca0, 0x1bca3},  {0x1d173, 0x1d17a},
    {0x1fffe, 0x1ffff}, {0x2fffe, 0x2ffff}, {0x3fffe, 0xe00ff}, {0xe01f0, 0x10ffff},
});

bool IsPrintable(uint32_t code) {
  return std::none_of(kUnprintable.begin(), kUnprintable.end(),
                      [code](const Range& range) { return code >= range.first && code <= range.last; });
}

// The code point of a whole, valid character.
uint32_t CodePoint(std::string_view character) {
  const auto first = static_cast<uint8_t>(character[0]);
  if (character.size() == 1) return first;
  uint32_t code = first & (0x7fu >> character.size());
  for (const char c : character.substr(1)) code = code << 6 | (static_cast<uint8_t>(c) & 0x3fu);
  return code;
}

void AppendHex(uint32_t code, int digits, std::string* out) {
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) *out += kHexDigits[code >> shift & 0xf];
}

// Adds the character that `text` starts with, escaped where it must be; the bytes it took.
size_t AppendEscaped(std::string_view text, char quote, std::string* out) {
  const size_t length = Utf8Length(text);
  if (length == 0) {
    *out += "\\x";
    AppendHex(static_cast<uint8_t>(text[0]), 2, out);
    return 1;
  }
  const char c = text[0];
  if (c == quote || c == '\\') {
    *out += '\\';
    *out += c;
    return 1;
  }
  const uint32_t code = CodePoint(text.substr(0, length));
  if (IsPrintable(code)) {
    out->append(text.substr(0, length));
    return length;
  }
  constexpr std::string_view kNamed = "\a\b\f\n\r\t\v";
  constexpr std::string_view kNames = "abfnrtv";
  *out += '\\';
  if (const size_t named = kNamed.find(c); length == 1 && named != std::string_view::npos) {
    *out += kNames[named];
  } else if (code < 0x80) {
    *out += 'x';
    AppendHex(code, 2, out);
  } else if (code < 0x10000) {
    *out += 'u';
    AppendHex(code, 4, out);
  } else {
    *out += 'U';
    AppendHex(code, 8, out);
  }
  return length;
}

// "U+0078 'x'", as Go's %#U.
std::string CharacterName(std::string_view text) {
  const size_t length = Utf8Length(text);
  const uint32_t code = length == 0 ? 0xfffd : CodePoint(text.substr(0, length));
  std::string out = "U+";
  AppendHex(code, code < 0x10000 ? 4 : 6, &out);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c; });
  if (!IsPrintable(code)) return out;
  return (out += " '").append(length == 0 ? kReplacement : text.substr(0, length)) += '\'';
}

int DigitValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 16;
}

struct NumericEscape {
  size_t digits;
  uint32_t base;
  uint32_t max;
  bool code_point;  // else a byte
};

// Reads `digits` digits; `*at` moves behind them.
Status AppendNumeric(std::string_view text, const NumericEscape& escape, size_t* at, std::string* out) {
  uint32_t code = 0;
  for (size_t i = 0; i < escape.digits; ++i, ++*at) {
    if (*at >= text.size()) return Fail(ErrorCode::kInvalidArgument, "escape sequence not terminated");
    const auto digit = static_cast<uint32_t>(DigitValue(text[*at]));
    if (digit >= escape.base) {
      return Fail(ErrorCode::kInvalidArgument,
                  "illegal character " + CharacterName(text.substr(*at)) + " in escape sequence");
    }
    code = code * escape.base + digit;
  }
  if (code > escape.max || (code >= 0xd800 && code < 0xe000)) {
    return Fail(ErrorCode::kInvalidArgument, "escape sequence is an invalid Unicode code point");
  }
  if (escape.code_point) {
    AppendUtf8(code, out);
  } else {
    *out += static_cast<char>(code);
  }
  return {};
}

// The escape whose letter is at `*at`.
Status AppendUnescaped(std::string_view text, size_t* at, std::string* out) {
  if (*at >= text.size()) return Fail(ErrorCode::kInvalidArgument, "escape sequence not terminated");
  const char c = text[*at];
  constexpr std::string_view kNames = "abfnrtv\\";
  constexpr std::string_view kNamed = "\a\b\f\n\r\t\v\\";
  if (const size_t named = kNames.find(c); named != std::string_view::npos) {
    *out += kNamed[named];
    ++*at;
    return {};
  }
  if (c == text[0]) {
    *out += c;
    ++*at;
    return {};
  }
  if (c >= '0' && c <= '7') return AppendNumeric(text, {3, 8, 255, false}, at, out);
  const size_t letter = (*at)++;
  if (c == 'x') return AppendNumeric(text, {2, 16, 255, false}, at, out);
  if (c == 'u') return AppendNumeric(text, {4, 16, kLastCodePoint, true}, at, out);
  if (c == 'U') return AppendNumeric(text, {8, 16, kLastCodePoint, true}, at, out);
  return Fail(ErrorCode::kInvalidArgument, "unknown escape sequence " + CharacterName(text.substr(letter)));
}

bool IsPlainName(std::string_view name, bool colons) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  return std::all_of(name.begin(), name.end(), [colons](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (colons && c == ':');
  });
}

}  // namespace

Result<StringText> Unquote(std::string_view text) {
  const char quote = text[0];
  const bool raw = quote == '`';
  StringText out;
  size_t at = 1;
  while (at < text.size()) {
    const char c = text[at];
    if (c == quote) {
      out.length = at + 1;
      return out;
    }
    if (!raw && c == '\n') break;
    if (!raw && c == '\\') {
      ++at;
      if (Status status = AppendUnescaped(text, &at, &out.value); !status) {
        return tl::unexpected<Error>(std::move(status.error()));
      }
      continue;
    }
    const size_t length = Utf8Length(text.substr(at));
    if (length == 0) return Fail(ErrorCode::kInvalidArgument, "invalid UTF-8 rune");
    out.value.append(text.substr(at, length));
    at += length;
  }
  return Fail(ErrorCode::kInvalidArgument, raw ? "unterminated raw string" : "unterminated quoted string");
}

std::string Quote(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) text.remove_prefix(AppendEscaped(text, '"', &out));
  return out += '"';
}

std::string QuoteCharacter(std::string_view text) {
  std::string out = "'";
  if (Utf8Length(text) == 0) {
    out += kReplacement;
  } else {
    AppendEscaped(text, '\'', &out);
  }
  return out += '\'';
}

std::string_view Utf8Prefix(std::string_view text, size_t characters) {
  size_t at = 0;
  for (; characters > 0 && at < text.size(); --characters) {
    at += std::max<size_t>(Utf8Length(text.substr(at)), 1);
  }
  return text.substr(0, at);
}

bool IsPlainLabelName(std::string_view name) {
  return IsPlainName(name, false);
}

bool IsPlainMetricName(std::string_view name) {
  return IsPlainName(name, true);
}

}  // namespace sidelight::promql
