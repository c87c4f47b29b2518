#include "rules/template/literal.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "rules/template/print.h"

namespace sidelight::text_template {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// So many digits of that base, at `*at` and past it.
std::optional<uint32_t> Code(std::string_view text, size_t* at, int digits, int base) {
  uint32_t code = 0;
  for (int i = 0; i < digits; ++i, ++*at) {
    const int digit = *at < text.size() ? HexDigit(text[*at]) : -1;
    if (digit < 0 || digit >= base) return std::nullopt;
    code = code * static_cast<uint32_t>(base) + static_cast<uint32_t>(digit);
  }
  return code;
}

struct Escape {
  uint32_t code = 0;
  bool byte = false;  // a byte, not a character
};

// Behind the backslash.
std::optional<Escape> ReadEscape(std::string_view text, size_t* at, char quote) {
  if (*at >= text.size()) return std::nullopt;
  const char c = text[(*at)++];
  constexpr std::string_view kLetters = "abfnrtv\\";
  constexpr std::string_view kMeaning = "\a\b\f\n\r\t\v\\";
  if (const size_t i = kLetters.find(c); i != std::string_view::npos) {
    return Escape{static_cast<uint32_t>(kMeaning[i]), false};
  }
  if (c == quote) return Escape{static_cast<uint32_t>(c), false};
  std::optional<uint32_t> code;
  if (c == 'x') {
    code = Code(text, at, 2, 16);
    return code ? std::optional(Escape{*code, true}) : std::nullopt;
  }
  if (c >= '0' && c <= '7') {
    --*at;
    code = Code(text, at, 3, 8);
    return code && *code <= 0xff ? std::optional(Escape{*code, true}) : std::nullopt;
  }
  if (c == 'u') code = Code(text, at, 4, 16);
  if (c == 'U') code = Code(text, at, 8, 16);
  if (!code || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff)) return std::nullopt;
  return Escape{*code, false};
}

// An underscore stands between digits, or between the base and a digit.
bool UnderscoresFit(std::string_view text) {
  bool after_digit = false;
  bool after_underscore = false;
  bool hex = false;
  if (text.size() >= 2 && text[0] == '0' &&
      std::string_view("box").find(static_cast<char>(text[1] | 0x20)) != std::string_view::npos) {
    hex = (text[1] | 0x20) == 'x';
    after_digit = true;
    text.remove_prefix(2);
  }
  for (const char c : text) {
    const bool digit = (c >= '0' && c <= '9') || (hex && HexDigit(c) >= 0);
    if (c == '_' ? !after_digit : after_underscore && !digit) return false;
    after_underscore = c == '_';
    after_digit = digit;
  }
  return !after_underscore;
}

struct Base {
  int base = 10;
  size_t prefix = 0;
};
Base BaseOf(std::string_view digits) {
  if (digits.size() < 2 || digits[0] != '0') return {};
  switch (digits[1] | 0x20) {
    case 'x':
      return {16, 2};
    case 'o':
      return {8, 2};
    case 'b':
      return {2, 2};
    default:
      return {8, 1};
  }
}

}  // namespace

std::optional<std::string> ReadString(std::string_view literal) {
  if (literal.size() < 2 || literal.front() != literal.back()) return std::nullopt;
  const char quote = literal.front();
  literal = literal.substr(1, literal.size() - 2);
  std::string value;
  if (quote == '`') {
    std::remove_copy(literal.begin(), literal.end(), std::back_inserter(value), '\r');
    return value;
  }
  for (size_t at = 0; at < literal.size();) {
    if (literal[at] == '\n' || literal[at] == quote) return std::nullopt;
    if (literal[at] != '\\') {
      value += literal[at++];
      continue;
    }
    ++at;
    const std::optional<Escape> escape = ReadEscape(literal, &at, quote);
    if (!escape) return std::nullopt;
    if (escape->byte) {
      value += static_cast<char>(escape->code);
    } else {
      value += EncodeCharacter(escape->code);
    }
  }
  return value;
}

std::optional<uint32_t> ReadCharacter(std::string_view literal) {
  if (literal.size() < 3 || literal.front() != '\'' || literal.back() != '\'') return std::nullopt;
  literal = literal.substr(1, literal.size() - 2);
  if (literal[0] != '\\') {
    const auto [character, length] = DecodeCharacter(literal);
    if (length != literal.size() || literal[0] == '\'') return std::nullopt;
    return character;
  }
  size_t at = 1;
  const std::optional<Escape> escape = ReadEscape(literal, &at, '\'');
  if (!escape || at != literal.size()) return std::nullopt;
  return escape->code;
}

Result<double> ReadFloat(std::string_view text) {
  const auto no_number = [] { return Fail(ErrorCode::kInvalidArgument, "invalid syntax"); };
  const bool negative = text.starts_with('-');
  const bool sign = negative || text.starts_with('+');
  if (sign) text.remove_prefix(1);
  if (text.empty() || text[0] == '-' || text[0] == '+' || !UnderscoresFit(text)) return no_number();
  std::string lower;
  for (const char c : text) {
    if (c != '_') lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  }
  if (lower == "nan" && !sign) return std::nan("");
  double value = 0;
  if (lower == "inf" || lower == "infinity") {
    value = std::numeric_limits<double>::infinity();
  } else {
    const bool hex = lower.starts_with("0x");
    if (hex && lower.find('p') == std::string::npos) return no_number();
    if (lower.find_first_of("in") != std::string::npos) return no_number();
    const char* const start = lower.data() + (hex ? 2 : 0);
    const char* const end = lower.data() + lower.size();
    const auto [stop, code] =
        std::from_chars(start, end, value, hex ? std::chars_format::hex : std::chars_format::general);
    if (stop != end || code == std::errc::invalid_argument) return no_number();
    if (code == std::errc::result_out_of_range) value = std::strtod(lower.c_str(), nullptr);
    if (std::isinf(value)) return Fail(ErrorCode::kInvalidArgument, "value out of range");
  }
  return negative ? -value : value;
}

std::optional<Number> ReadNumber(std::string_view literal) {
  const bool negative = literal.starts_with('-');
  std::string_view unsigned_text = literal;
  if (negative || literal.starts_with('+')) unsigned_text.remove_prefix(1);
  if (!UnderscoresFit(unsigned_text)) return std::nullopt;
  std::string digits;
  std::remove_copy(unsigned_text.begin(), unsigned_text.end(), std::back_inserter(digits), '_');
  const auto [base, prefix] = BaseOf(digits);
  Number number;
  uint64_t magnitude = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, code] = std::from_chars(digits.data() + prefix, end, magnitude, base);
  constexpr uint64_t kMax = std::numeric_limits<int64_t>::max();
  if (stop == end && code == std::errc()) {
    if (magnitude <= kMax + (negative ? 1 : 0)) {
      number.integer = static_cast<int64_t>(negative ? 0 - magnitude : magnitude);
      number.floating = static_cast<double>(*number.integer);
    } else if (negative) {
      return std::nullopt;
    } else {
      number.beyond_int = true;
      number.floating = static_cast<double>(magnitude);
    }
    return number;
  }
  const Result<double> value = ReadFloat(literal);
  if (!value) return std::nullopt;
  number.floating = *value;
  const bool looks_like_integer = digits.find_first_of(".eEpP") == std::string::npos;
  if (looks_like_integer) return std::nullopt;  // an integer that overflows
  number.as_float = true;
  constexpr double kTwoTo63 = 9223372036854775808.0;
  if (std::trunc(*number.floating) == *number.floating && std::fabs(*number.floating) < kTwoTo63) {
    number.integer = static_cast<int64_t>(*number.floating);
  }
  return number;
}

}  // namespace sidelight::text_template
