#include "rules/testing/number_notation.h"

#include <cctype>
#include <charconv>
#include <limits>
#include <string>

namespace sidelight::promqltest {
namespace {

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

bool IsWordCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == ':';
}

size_t Digits(std::string_view text) {
  size_t n = 0;
  while (n < text.size() && IsDigit(text[n])) ++n;
  return n;
}

// The length of the decimal number that the text begins with, which has no sign; 0: there is none.
size_t DecimalLength(std::string_view text) {
  const size_t whole = Digits(text);
  size_t length = whole;
  size_t fraction = 0;
  if (length < text.size() && text[length] == '.') {
    fraction = Digits(text.substr(length + 1));
    length += 1 + fraction;
  }
  if (whole + fraction == 0) return 0;
  if (length < text.size() && (text[length] == 'e' || text[length] == 'E')) {
    size_t exponent = length + 1;
    if (exponent < text.size() && (text[exponent] == '+' || text[exponent] == '-')) ++exponent;
    if (const size_t digits = Digits(text.substr(exponent)); digits > 0) length = exponent + digits;
  }
  return length;
}

// Whether the text begins with this word, in any case, and the word ends there.
bool StartsWithWord(std::string_view text, std::string_view lower_word) {
  if (text.size() < lower_word.size()) return false;
  for (size_t i = 0; i < lower_word.size(); ++i) {
    if (std::tolower(static_cast<unsigned char>(text[i])) != lower_word[i]) return false;
  }
  return text.size() == lower_word.size() || !IsWordCharacter(text[lower_word.size()]);
}

bool TakeSign(std::string_view* text) {
  if (text->empty() || (text->front() != '+' && text->front() != '-')) return false;
  const bool negative = text->front() == '-';
  text->remove_prefix(1);
  return negative;
}

}  // namespace

std::optional<double> TakeNumber(std::string_view* text) {
  std::string_view rest = *text;
  const bool negative = TakeSign(&rest);
  double value = 0;
  size_t length = 0;
  if (StartsWithWord(rest, "inf")) {
    value = std::numeric_limits<double>::infinity();
    length = 3;
  } else if (StartsWithWord(rest, "nan")) {
    value = std::numeric_limits<double>::quiet_NaN();
    length = 3;
  } else {
    length = DecimalLength(rest);
    if (length == 0) return std::nullopt;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + length, value);
    if (error != std::errc() || end != rest.data() + length) return std::nullopt;
  }
  rest.remove_prefix(length);
  *text = rest;
  return negative ? -value : value;
}

std::optional<double> ParseNumber(std::string_view text) {
  std::string_view rest = text;
  const bool negative = TakeSign(&rest);
  if (rest.starts_with("0x") || rest.starts_with("0X")) {
    rest.remove_prefix(2);
    uint64_t value = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value, 16);
    if (rest.empty() || error != std::errc() || end != rest.data() + rest.size()) return std::nullopt;
    return negative ? -static_cast<double>(value) : static_cast<double>(value);
  }
  const std::optional<double> value = TakeNumber(&text);
  return text.empty() ? value : std::nullopt;
}

std::optional<uint64_t> TakeCount(std::string_view* text, uint64_t limit) {
  uint64_t count = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), count);
  if (error != std::errc() || count > limit) return std::nullopt;
  text->remove_prefix(static_cast<size_t>(end - text->data()));
  return count;
}

std::string_view SkipBlanks(std::string_view text) {
  const size_t start = text.find_first_not_of(" \t");
  return start == std::string_view::npos ? std::string_view() : text.substr(start);
}

}  // namespace sidelight::promqltest
