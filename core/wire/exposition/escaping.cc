#include "core/wire/exposition/escaping.h"

#include <array>
#include <charconv>

#include "core/base/utf8.h"
#include "core/model/naming.h"
#include "core/wire/exposition/utf8.h"

namespace sidelight::wire {
namespace {

struct SchemeWord {
  EscapingScheme scheme;
  std::string_view word;
};

constexpr std::array kWords = {
    SchemeWord{EscapingScheme::kUnderscores, "underscores"},
    SchemeWord{EscapingScheme::kDots, "dots"},
    SchemeWord{EscapingScheme::kValues, "values"},
    SchemeWord{EscapingScheme::kAllowUtf8, "allow-utf-8"},
};

bool IsClassicChar(char32_t c, bool first, NameKind kind) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_') return true;
  if (c == ':') return kind == NameKind::kMetric;
  return c >= '0' && c <= '9' && !first;
}

void AppendCodePoint(std::string& out, char32_t c) {
  char digits[8];
  const auto end = std::to_chars(digits, digits + sizeof(digits), static_cast<uint32_t>(c), 16).ptr;
  out += '_';
  for (const char* d = digits; d != end; ++d) out += *d >= 'a' ? static_cast<char>(*d - 'a' + 'A') : *d;
  out += '_';
}

// The character whose number stands before the next `_` of `text`, which is taken off with it; nothing when
// there is none.
std::optional<uint32_t> TakeCodePoint(std::string_view& text) {
  constexpr size_t kMostDigits = 6;
  const size_t length = text.substr(0, kMostDigits + 1).find('_');
  if (length == std::string_view::npos) return std::nullopt;
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + length, value, 16);
  if (error != std::errc() || end != text.data() + length) return std::nullopt;
  if (value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return std::nullopt;
  text.remove_prefix(length + 1);
  return value;
}

}  // namespace

std::optional<EscapingScheme> ParseEscapingScheme(std::string_view word) {
  for (const SchemeWord& entry : kWords) {
    if (entry.word == word) return entry.scheme;
  }
  return std::nullopt;
}

std::string_view EscapingSchemeWord(EscapingScheme scheme) {
  for (const SchemeWord& entry : kWords) {
    if (entry.scheme == scheme) return entry.word;
  }
  return {};
}

bool IsClassicName(std::string_view name, NameKind kind) {
  return kind == NameKind::kMetric ? IsClassicMetricName(name) : IsClassicLabelName(name);
}

std::string EscapeName(std::string_view name, EscapingScheme scheme, NameKind kind) {
  if (scheme == EscapingScheme::kAllowUtf8) return ToValidUtf8(name);
  if (name.empty()) return {};
  if (scheme != EscapingScheme::kDots && IsClassicName(name, kind)) return std::string(name);

  std::string out = scheme == EscapingScheme::kValues ? "U__" : "";
  bool first = true;
  while (!name.empty()) {
    const CodePoint c = DecodeUtf8(name);
    name.remove_prefix(c.size);
    if (c.value == '_' && scheme != EscapingScheme::kUnderscores) {
      out += "__";
    } else if (IsClassicChar(c.value, first, kind)) {
      out += static_cast<char>(c.value);
    } else if (scheme == EscapingScheme::kValues) {
      AppendCodePoint(out, c.value);
    } else if (scheme == EscapingScheme::kDots && c.value == '.') {
      out += "_dot_";
    } else {
      out += '_';
    }
    first = false;
  }
  return out;
}

std::string UnescapeName(std::string_view name) {
  constexpr std::string_view kPrefix = "U__";
  if (!name.starts_with(kPrefix)) return std::string(name);
  std::string out;
  for (std::string_view rest = name.substr(kPrefix.size()); !rest.empty();) {
    const char c = rest.front();
    rest.remove_prefix(1);
    if (c != '_') {
      out += c;
    } else if (rest.starts_with('_')) {
      out += '_';
      rest.remove_prefix(1);
    } else if (const std::optional<uint32_t> value = TakeCodePoint(rest)) {
      AppendUtf8(*value, &out);
    } else {
      return std::string(name);
    }
  }
  return out;
}

}  // namespace sidelight::wire
