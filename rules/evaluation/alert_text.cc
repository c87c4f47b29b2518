#include "rules/evaluation/alert_text.h"

#include <arpa/inet.h>
#include <re2/re2.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/letter_case.h"
#include "core/base/utf8.h"
#include "core/relabel/expand.h"

namespace sidelight::rules {
namespace {

// Bytes that an expression may take when compiled.
constexpr int64_t kRegexMemory = 2 << 20;

RE2::Options RegexOptions() {
  RE2::Options options(RE2::Quiet);
  options.set_max_mem(kRegexMemory);
  return options;
}

re2::StringPiece Piece(std::string_view text) {
  return {text.data(), text.size()};
}

std::string_view GoWords(const RE2& regex) {
  switch (regex.error_code()) {
    case RE2::ErrorBadEscape:
      return "invalid escape sequence";
    case RE2::ErrorBadCharClass:
      return "invalid character class";
    case RE2::ErrorBadCharRange:
      return "invalid character class range";
    case RE2::ErrorMissingBracket:
      return "missing closing ]";
    case RE2::ErrorMissingParen:
      return "missing closing )";
    case RE2::ErrorUnexpectedParen:
      return "unexpected )";
    case RE2::ErrorTrailingBackslash:
      return "trailing backslash at end of expression";
    case RE2::ErrorRepeatArgument:
      return "missing argument to repetition operator";
    case RE2::ErrorRepeatSize:
      return "invalid repeat count";
    case RE2::ErrorRepeatOp:
      return "invalid nested repetition operator";
    case RE2::ErrorBadPerlOp:
      return "invalid or unsupported Perl syntax";
    case RE2::ErrorBadUTF8:
      return "invalid UTF-8";
    case RE2::ErrorBadNamedCapture:
      return "invalid named capture";
    default:
      return "expression too large";
  }
}

std::string Wrong(const RE2& regex) {
  return "error parsing regexp: " + std::string(GoWords(regex)) + ": `" + regex.error_arg() + "`";
}

struct HostPort {
  std::string_view host;
  std::string_view port;
};

// As Go's net.SplitHostPort; nothing where that fails.
std::optional<HostPort> SplitHostPort(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  HostPort split{.host = text.substr(0, colon), .port = text.substr(colon + 1)};
  const bool bracketed = text.starts_with('[');
  if (bracketed) {
    const size_t close = text.find(']');
    if (close == std::string_view::npos || close + 1 != colon) return std::nullopt;
    split.host = text.substr(1, close - 1);
  } else if (split.host.find(':') != std::string_view::npos) {
    return std::nullopt;
  }
  const auto has_bracket = [](std::string_view part) {
    return part.find_first_of("[]") != std::string_view::npos;
  };
  if (has_bracket(split.host) || has_bracket(split.port)) return std::nullopt;
  return split;
}

bool IsIpAddress(std::string_view host) {
  unsigned char address[sizeof(in6_addr)];
  const std::string text(host);
  if (text.find('\0') != std::string::npos) return false;
  return inet_pton(AF_INET, text.c_str(), address) == 1 || inet_pton(AF_INET6, text.c_str(), address) == 1;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Letters, digits and '_' belong to words; beyond ASCII all but spaces do.
bool SeparatesWords(std::string_view character) {
  if (character.size() > 1) {
    constexpr std::string_view kSpaces[] = {"\u0085", "\u00a0", "\u1680", "\u2028",
                                            "\u2029", "\u202f", "\u205f", "\u3000"};
    if (character >= "\u2000" && character <= "\u200a") return true;
    return std::find(std::begin(kSpaces), std::end(kSpaces), character) != std::end(kSpaces);
  }
  const char c = character[0];
  const bool word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
                    (c & 0x80) != 0;
  return !word;
}

}  // namespace

Regexes::Regexes() = default;
Regexes::~Regexes() = default;

Result<const re2::RE2*> Regexes::Compiled(std::string_view pattern, std::string_view text) {
  looked_at_ += text.size();
  if (looked_at_ > kMostText) {
    return Fail(ErrorCode::kLimit,
                "regular expressions over more than " + std::to_string(kMostText) + " bytes of text");
  }
  if (const auto found = compiled_.find(pattern); found != compiled_.end()) return found->second.get();
  if (compiled_.size() >= kMost) {
    return Fail(ErrorCode::kLimit, "more than " + std::to_string(kMost) + " regular expressions");
  }
  auto regex = std::make_unique<RE2>(Piece(pattern), RegexOptions());
  return compiled_.emplace(pattern, std::move(regex)).first->second.get();
}

Result<bool> Regexes::Match(std::string_view pattern, std::string_view text) {
  const Result<const RE2*> regex = Compiled(pattern, text);
  if (!regex) return tl::unexpected<Error>(regex.error());
  if (!(*regex)->ok()) return Fail(ErrorCode::kInvalidArgument, Wrong(**regex));
  return RE2::PartialMatch(Piece(text), **regex);
}

Result<std::string> Regexes::ReplaceAll(std::string_view pattern, std::string_view replacement,
                                        std::string_view text, size_t room) {
  const Result<const RE2*> compiled = Compiled(pattern, text);
  if (!compiled) return tl::unexpected<Error>(compiled.error());
  const RE2& regex = **compiled;
  if (!regex.ok()) {
    return Fail(ErrorCode::kInvalidArgument,
                "regexp: Compile(`" + std::string(pattern) + "`): " + Wrong(regex));
  }
  std::vector<re2::StringPiece> groups(static_cast<size_t>(regex.NumberOfCapturingGroups()) + 1);
  const auto count = static_cast<int>(groups.size());
  std::string out;
  size_t copied = 0;
  size_t at = 0;
  while (at <= text.size() &&
         regex.Match(Piece(text), at, text.size(), RE2::UNANCHORED, groups.data(), count)) {
    const auto start = static_cast<size_t>(groups[0].data() - text.data());
    const size_t end = start + groups[0].size();
    out += text.substr(copied, start - copied);
    // An empty match right behind another does not count.
    if (end > copied || start == 0) out += relabel::Expand(replacement, regex, groups, room);
    if (out.size() > room) return Fail(ErrorCode::kLimit, "too much output");
    copied = end;
    const size_t step = at < text.size() ? std::max<size_t>(Utf8Length(text.substr(at)), 1) : 1;
    at = end > at ? end : at + step;
  }
  out += text.substr(std::min(copied, text.size()));
  return out;
}

std::string TitleCase(std::string_view text) {
  std::string out;
  bool starts = true;
  while (!text.empty()) {
    const std::string_view character = text.substr(0, std::max<size_t>(Utf8Length(text), 1));
    text.remove_prefix(character.size());
    if (starts) {
      out += ToUpper(character);
    } else {
      out += character;
    }
    starts = SeparatesWords(character);
  }
  return out;
}

std::string StripPort(std::string_view host_port) {
  const std::optional<HostPort> split = SplitHostPort(host_port);
  return std::string(split ? split->host : host_port);
}

std::string StripDomain(std::string_view host_port) {
  const HostPort split = SplitHostPort(host_port).value_or(HostPort{.host = host_port});
  if (IsIpAddress(split.host)) return std::string(host_port);
  std::string host(split.host.substr(0, split.host.find('.')));
  if (split.port.empty()) return host;
  if (host.find_first_of(":%") != std::string::npos) host = "[" + host + "]";
  return host + ":" + std::string(split.port);
}

std::string PathOf(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find_first_of("?#"));
  url.remove_prefix(std::min(url.find('/'), url.size()));
  std::string path;
  for (size_t i = 0; i < url.size(); ++i) {
    const int high = url[i] == '%' && i + 2 < url.size() ? HexDigit(url[i + 1]) : -1;
    const int low = high >= 0 ? HexDigit(url[i + 2]) : -1;
    if (low >= 0) i += 2;
    path += low >= 0 ? static_cast<char>(high * 16 + low) : url[i];
  }
  return path;
}

}  // namespace sidelight::rules
