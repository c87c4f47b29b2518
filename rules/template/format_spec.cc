#include "rules/template/format_spec.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/float_text.h"
#include "core/base/utf8.h"

namespace sidelight::text_template {
namespace {

size_t Characters(std::string_view text) {
  size_t count = 0;
  for (; !text.empty(); ++count) text.remove_prefix(DecodeCharacter(text).second);
  return count;
}

void Fill(size_t count, char with, Printer* out) {
  out->Text(std::string(count, with));
}

// To the spec's width; `sign` stays in front of zeros.
void Padded(const FormatSpec& spec, std::string_view text, Printer* out) {
  const size_t wide = spec.width > 0 ? static_cast<size_t>(spec.width) : 0;
  const size_t length = wide > 0 ? Characters(text) : 0;
  const size_t fill = wide > length ? wide - length : 0;
  if (spec.minus) {
    out->Text(text);
    return Fill(fill, ' ', out);
  }
  Fill(fill, spec.zero ? '0' : ' ', out);
  out->Text(text);
}

void BadVerb(const FormatSpec& spec, const Value& value, Printer* out) {
  out->Text("%!" + EncodeCharacter(spec.verb) + "(");
  if (value.none()) {
    out->Text("<nil>");
  } else {
    out->Text(value.TypeName() + "=");
    FormatSpec shown = spec;
    shown.verb = 'v';
    shown.bad = true;
    WriteValue(shown, value, out);
  }
  out->Text(")");
}

void WriteInteger(const FormatSpec& spec, int64_t value, int base, bool upper, Printer* out) {
  const bool negative = value < 0;
  const uint64_t magnitude = negative ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  std::array<char, 72> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), magnitude, base).ptr;
  std::string digits(buffer.data(), end);
  if (upper) std::transform(digits.begin(), digits.end(), digits.begin(), ::toupper);
  const bool sign = negative || spec.plus || spec.space;
  size_t least = spec.precision > 0 ? static_cast<size_t>(spec.precision) : 0;
  if (spec.precision == 0 && value == 0)
    return Fill(spec.width > 0 ? static_cast<size_t>(spec.width) : 0, ' ', out);
  if (spec.precision < 0 && spec.zero && !spec.minus && spec.width > 0) {
    least = static_cast<size_t>(spec.width) - (sign ? 1 : 0);
  }
  if (digits.size() < least) digits.insert(0, least - digits.size(), '0');
  if (spec.sharp) {
    if (base == 2) digits.insert(0, "0b");
    if (base == 8 && digits[0] != '0') digits.insert(0, "0");
    if (base == 16) digits.insert(0, upper ? "0X" : "0x");
  }
  if (spec.verb == 'O') digits.insert(0, "0o");
  if (sign) digits.insert(0, 1, negative ? '-' : spec.plus ? '+' : ' ');
  FormatSpec padding = spec;
  padding.zero = false;
  Padded(padding, digits, out);
}

std::string QuoteCharacter(uint32_t c, bool ascii) {
  if (c > 0x10ffff) c = 0xfffd;
  if (c == '\'') return "'\\''";
  if (c == '"') return "'\"'";
  std::string quoted = QuoteText(EncodeCharacter(c), ascii);
  quoted.front() = quoted.back() = '\'';
  return quoted;
}

void WriteInt(const FormatSpec& spec, const Value& value, int64_t number, Printer* out) {
  const uint32_t character = number < 0 || number > 0x10ffff ? 0xfffd : static_cast<uint32_t>(number);
  switch (spec.verb) {
    case 'v': {
      FormatSpec plain = spec;
      if (!spec.bad) plain.plus = plain.sharp = false;
      return WriteInteger(plain, number, 10, false, out);
    }
    case 'd':
      return WriteInteger(spec, number, 10, false, out);
    case 'b':
      return WriteInteger(spec, number, 2, false, out);
    case 'o':
    case 'O':
      return WriteInteger(spec, number, 8, false, out);
    case 'x':
      return WriteInteger(spec, number, 16, false, out);
    case 'X':
      return WriteInteger(spec, number, 16, true, out);
    case 'c':
      return Padded(spec, EncodeCharacter(character), out);
    case 'q':
      return Padded(spec, QuoteCharacter(character, spec.plus), out);
    case 'U':
      return Padded(spec,
                    spec.sharp ? CharacterName(character)
                               : CharacterName(character).substr(0, CharacterName(character).find(' ')),
                    out);
    default:
      return BadVerb(spec, value, out);
  }
}

// The digits of a finite number, without a sign for positive ones.
std::string FloatDigits(double number, char verb, int precision) {
  std::string text(64, '\0');
  if (precision < 0 && verb != 'a') {
    if (verb == 'g') return FloatText(number);
    if (verb == 'f') return PlainFloatText(number);
    const auto end =
        std::to_chars(text.data(), text.data() + text.size(), number, std::chars_format::scientific).ptr;
    text.resize(static_cast<size_t>(end - text.data()));
    return text;
  }
  constexpr int kMostDigits = 1100;  // that a number has, zeros at the end aside
  if (verb == 'g') precision = std::min(precision, kMostDigits);
  const char format[] = {'%', '.', '*', verb, '\0'};
  const char shortest[] = {'%', verb, '\0'};
  constexpr size_t kBeforeThePoint = 340;
  text.resize(kBeforeThePoint + static_cast<size_t>(std::max(precision, 0)));
  const int length = precision < 0 ? std::snprintf(text.data(), text.size(), shortest, number)
                                   : std::snprintf(text.data(), text.size(), format, precision, number);
  text.resize(static_cast<size_t>(length));
  const size_t exponent = text.find('p');
  if (exponent != std::string::npos && exponent + 3 == text.size()) text.insert(exponent + 2, "0");
  return text;
}

void WriteFloat(const FormatSpec& spec, const Value& value, double number, Printer* out) {
  char verb = 0;
  int precision = spec.precision;
  bool plus = spec.plus;
  switch (spec.verb) {
    case 'v':
      if (!spec.bad) plus = false;
      [[fallthrough]];
    case 'g':
    case 'G':
      verb = 'g';
      break;
    case 'e':
    case 'E':
      verb = 'e';
      if (precision < 0) precision = 6;
      break;
    case 'f':
    case 'F':
      verb = 'f';
      if (precision < 0) precision = 6;
      break;
    case 'x':
    case 'X':
      verb = 'a';
      break;
    default:
      return BadVerb(spec, value, out);
  }
  FormatSpec padding = spec;
  std::string text;
  if (std::isnan(number)) {
    text = "NaN";
    padding.zero = false;
  } else if (std::isinf(number)) {
    text = "Inf";
    padding.zero = false;
    plus = plus || number > 0;
  } else {
    text = FloatDigits(std::fabs(number), verb, precision);
  }
  if (spec.verb < 'a' && std::isfinite(number))
    std::transform(text.begin(), text.end(), text.begin(), ::toupper);
  const bool negative = std::signbit(number) && !std::isnan(number);
  const char sign = negative ? '-' : plus ? '+' : spec.space ? ' ' : '\0';
  if (sign != '\0' && padding.zero && !padding.minus && padding.width > 0) {
    out->Text(std::string(1, sign));
    --padding.width;
    return Padded(padding, text, out);
  }
  if (sign != '\0') text.insert(0, 1, sign);
  Padded(padding, text, out);
}

std::string HexText(const FormatSpec& spec, std::string_view text) {
  const std::string_view digits = spec.verb == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
  const std::string prefix = !spec.sharp ? "" : spec.verb == 'X' ? "0X" : "0x";
  std::string hex;
  if (!text.empty()) hex = prefix;
  for (size_t i = 0; i < text.size(); ++i) {
    if (i > 0 && spec.space) hex += " " + prefix;
    hex += digits[static_cast<unsigned char>(text[i]) >> 4];
    hex += digits[static_cast<unsigned char>(text[i]) & 15];
  }
  return hex;
}

// The first so many characters.
std::string_view Cut(std::string_view text, int characters) {
  if (characters < 0) return text;
  size_t end = 0;
  for (int i = 0; i < characters && end < text.size(); ++i) end += DecodeCharacter(text.substr(end)).second;
  return text.substr(0, end);
}

bool WriteText(const FormatSpec& spec, std::string_view text, Printer* out) {
  switch (spec.verb) {
    case 'v':
      if (spec.sharp && !spec.bad) {
        Padded(spec, QuoteText(text), out);
        return true;
      }
      [[fallthrough]];
    case 's':
      Padded(spec, Cut(text, spec.precision), out);
      return true;
    case 'q': {
      const std::string_view cut = Cut(text, spec.precision);
      const bool raw =
          spec.sharp && cut.find('`') == std::string_view::npos && IsValidUtf8(cut) &&
          std::none_of(cut.begin(), cut.end(), [](char c) { return c >= 0 && c < 0x20 && c != '\t'; });
      Padded(spec, raw ? "`" + std::string(cut) + "`" : QuoteText(cut, spec.plus), out);
      return true;
    }
    case 'x':
    case 'X':
      Padded(spec,
             HexText(spec, text.substr(0, spec.precision < 0 ? std::string_view::npos
                                                             : static_cast<size_t>(spec.precision))),
             out);
      return true;
    default:
      return false;
  }
}

bool GoSyntax(const FormatSpec& spec) {
  return spec.verb == 'v' && spec.sharp && !spec.bad;
}

void WriteList(const FormatSpec& spec, const List& list, Printer* out) {
  const bool go = GoSyntax(spec);
  out->Text(go ? list.TypeName() + "{" : "[");
  bool first = true;
  for (const Value& item : list.items()) {
    if (out->full()) return;
    if (!first) out->Text(go ? ", " : " ");
    first = false;
    WriteValue(spec, item, out);
  }
  out->Text(go ? "}" : "]");
}

void WriteMap(const FormatSpec& spec, const Map& map, Printer* out) {
  const bool go = GoSyntax(spec);
  out->Text(go ? map.TypeName() + "{" : "map[");
  bool first = true;
  for (const std::string& key : map.Keys()) {
    if (out->full()) return;
    if (!first) out->Text(go ? ", " : " ");
    first = false;
    WriteValue(spec, Value(key), out);
    out->Text(":");
    WriteValue(spec, map.Get(key).value_or(map.Missing()), out);
  }
  out->Text(go ? "}" : "]");
}

bool IsIntegerVerb(uint32_t verb) {
  return verb == 'v' ||
         (verb < 0x80 && std::string_view("bcdoOU").find(static_cast<char>(verb)) != std::string_view::npos);
}

}  // namespace

void WriteValue(const FormatSpec& spec, const Value& value, Printer* out) {
  if (out->full()) return;
  if (spec.verb == 'T') return Padded(spec, value.TypeName(), out);
  if (value.none()) {
    if (spec.verb == 'v') return Padded(spec, "<nil>", out);
    return BadVerb(spec, value, out);
  }
  if (const bool* truth = value.As<bool>()) {
    if (spec.verb == 't' || spec.verb == 'v') return Padded(spec, *truth ? "true" : "false", out);
    return BadVerb(spec, value, out);
  }
  if (const int64_t* number = value.As<int64_t>()) return WriteInt(spec, value, *number, out);
  if (const double* number = value.As<double>()) return WriteFloat(spec, value, *number, out);
  if (const std::string* text = value.As<std::string>()) {
    if (!WriteText(spec, *text, out)) BadVerb(spec, value, out);
    return;
  }
  if (const ListPtr* list = value.As<ListPtr>()) return WriteList(spec, **list, out);
  if (const MapPtr* map = value.As<MapPtr>()) return WriteMap(spec, **map, out);
  const Object& object = **value.As<ObjectPtr>();
  const std::optional<int64_t> number = object.Number();
  if (number && (spec.verb != 'v' || spec.sharp) && IsIntegerVerb(spec.verb))
    return WriteInt(spec, value, *number, out);
  if (!WriteText(spec, object.Text(), out)) BadVerb(spec, value, out);
}

}  // namespace sidelight::text_template
