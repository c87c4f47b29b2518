#include "rules/template/escape.h"

#include <cstdint>
#include <cstdio>

#include "rules/template/print.h"

namespace sidelight::text_template {

std::string EscapeHtml(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '\0':
        out += "\xef\xbf\xbd";
        break;
      case '"':
        out += "&#34;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      default:
        out += c;
        break;
    }
  }
  return out;
}

std::string EscapeJs(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto [character, length] = DecodeCharacter(text);
    const std::string_view bytes = text.substr(0, length);
    text.remove_prefix(length);
    if (bytes == "\\" || bytes == "'" || bytes == "\"") {
      out += '\\';
      out += bytes;
    } else if (character < ' ' || bytes == "<" || bytes == ">" || bytes == "&" || bytes == "=" ||
               !IsPrintable(character)) {
      char code[16];
      std::snprintf(code, sizeof code, "\\u%04X", static_cast<unsigned>(character));
      out += code;
    } else {
      out += bytes;
    }
  }
  return out;
}

std::string EscapeQuery(std::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return out;
}

}  // namespace sidelight::text_template
