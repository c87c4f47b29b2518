#include "core/yaml/secrecy.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

namespace sidelight::yaml {
namespace {

bool IsBlank(char c) {
  return c == ' ' || c == '\t';
}

bool IsQuote(char c) {
  return c == '"' || c == '\'';
}

bool IsWordByte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x80 && (std::isalnum(byte) != 0 || c == '_' || c == '-');
}

// The word that stands before the colon, without its quotes.
std::string_view WordBefore(std::string_view line, size_t colon) {
  size_t end = colon;
  while (end > 0 && (IsBlank(line[end - 1]) || IsQuote(line[end - 1]))) --end;
  size_t begin = end;
  while (begin > 0 && IsWordByte(line[begin - 1])) --begin;
  return line.substr(begin, end - begin);
}

// Where the value of the first key that sounds like a secret begins.
std::optional<size_t> FindSecretKey(std::string_view line) {
  for (size_t colon = line.find(':'); colon != std::string_view::npos; colon = line.find(':', colon + 1)) {
    if (SoundsSecret(WordBefore(line, colon))) return std::min(colon + 2, line.size());
  }
  return std::nullopt;
}

bool HasKey(std::string_view line) {
  for (size_t colon = line.find(':'); colon != std::string_view::npos; colon = line.find(':', colon + 1)) {
    if (colon + 1 == line.size() || IsBlank(line[colon + 1])) return true;
  }
  return false;
}

// The place behind "://" and the '@' after it, of the first URL with a user, searching from `from`.
struct User {
  size_t begin;
  size_t end;
};
std::optional<User> FindUser(std::string_view text, size_t from) {
  constexpr std::string_view kMark = "://";
  for (size_t mark = text.find(kMark, from); mark != std::string_view::npos;
       mark = text.find(kMark, mark + 1)) {
    const size_t begin = mark + kMark.size();
    const size_t stop = std::min(text.find_first_of(" \t\n\"'", begin), text.size());
    const size_t at = text.substr(0, stop).rfind('@');
    if (at != std::string_view::npos && at >= begin) return User{begin, at};
  }
  return std::nullopt;
}

bool BlankBefore(std::string_view line, size_t column) {
  return line.substr(0, column).find_first_not_of(" \t") == std::string_view::npos;
}

// Whether the line only goes on with what a key above it began, and that key sounds like a secret.
bool ContinuesSecret(const Source& source, int line) {
  if (HasKey(source.Line(line))) return false;
  for (int above = line - 1; above >= 0; --above) {
    const std::string_view text = source.Line(above);
    if (HasKey(text)) return FindSecretKey(text).has_value();
  }
  return false;
}

}  // namespace

bool SoundsSecret(std::string_view word) {
  constexpr std::array<std::string_view, 9> kParts = {
      "password",    "passwd",  "secret",      "credential",  "token",
      "routing_key", "api_key", "service_key", "private_key",
  };
  std::string lower(word);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (lower.ends_with("_file") || lower.ends_with("_files")) return false;
  return std::any_of(kParts.begin(), kParts.end(),
                     [&](std::string_view part) { return lower.find(part) != std::string::npos; });
}

size_t VisibleBytes(const Source& source, int line, std::span<const Extent> secrets) {
  const std::string_view text = source.Line(line);
  const size_t indent = std::min(text.find_first_not_of(" \t"), text.size());
  size_t visible = text.size();
  for (const Extent& secret : secrets) {
    if (secret.begin.line == line) {
      visible = std::min<size_t>(visible, secret.begin.column);
    } else if (secret.begin.line < line) {
      const bool over =
          secret.end.line < line || (secret.end.line == line && BlankBefore(text, secret.end.column));
      if (!over) visible = std::min(visible, indent);
    }
  }
  if (const std::optional<size_t> value = FindSecretKey(text)) visible = std::min(visible, *value);
  if (const std::optional<User> user = FindUser(text, 0)) visible = std::min(visible, user->begin);
  if (ContinuesSecret(source, line)) visible = std::min(visible, indent);
  return visible;
}

std::string WithoutUsers(std::string text) {
  constexpr std::string_view kInstead = "***";
  size_t from = 0;
  while (const std::optional<User> user = FindUser(text, from)) {
    text.replace(user->begin, user->end - user->begin, kInstead);
    from = user->begin + kInstead.size();
  }
  return text;
}

}  // namespace sidelight::yaml
