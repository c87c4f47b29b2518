#include "core/base/letter_case.h"

#include <locale.h>
#include <wctype.h>

#include "core/base/utf8.h"

namespace sidelight {
namespace {

using Change = wint_t (*)(wint_t, locale_t);

// C.UTF-8 is a part of Debian's libc-bin; where it is missing only ASCII letters change.
locale_t Unicode() {
  static const locale_t locale = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return locale;
}

char32_t Decode(std::string_view character) {
  const auto byte = [&](size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(character[i])); };
  switch (character.size()) {
    case 2:
      return (byte(0) & 0x1f) << 6 | (byte(1) & 0x3f);
    case 3:
      return (byte(0) & 0x0f) << 12 | (byte(1) & 0x3f) << 6 | (byte(2) & 0x3f);
    default:
      return (byte(0) & 0x07) << 18 | (byte(1) & 0x3f) << 12 | (byte(2) & 0x3f) << 6 | (byte(3) & 0x3f);
  }
}

void Append(char32_t c, std::string& out) {
  const auto tail = [&](int shift) { out += static_cast<char>(0x80 | ((c >> shift) & 0x3f)); };
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xc0 | c >> 6);
    tail(0);
  } else if (c < 0x10000) {
    out += static_cast<char>(0xe0 | c >> 12);
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xf0 | c >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
}

std::string Changed(std::string_view text, char first, char last, Change change) {
  constexpr char kCaseBit = 0x20;
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const char c = text[i];
    const size_t length = Utf8Length(text.substr(i));
    if (length <= 1 || Unicode() == nullptr) {
      out += c >= first && c <= last ? static_cast<char>(c ^ kCaseBit) : c;
      ++i;
      continue;
    }
    Append(static_cast<char32_t>(change(Decode(text.substr(i, length)), Unicode())), out);
    i += length;
  }
  return out;
}

}  // namespace

std::string ToUpper(std::string_view text) {
  return Changed(text, 'a', 'z', &::towupper_l);
}

std::string ToLower(std::string_view text) {
  return Changed(text, 'A', 'Z', &::towlower_l);
}

}  // namespace sidelight
