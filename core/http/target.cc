#include "core/http/target.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace sidelight::http {
namespace {

int HexValue(char c) {
  if ('0' <= c && c <= '9') return c - '0';
  if ('a' <= c && c <= 'f') return c - 'a' + 10;
  if ('A' <= c && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_space) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += plus_is_space && text[i] == '+' ? ' ' : text[i];
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const int high = HexValue(text[i + 1]);
    const int low = HexValue(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

// What stands before the first `mark`, which is removed from `rest` with the mark.
std::string_view TakeUntil(char mark, std::string_view* rest) {
  const size_t end = rest->find(mark);
  const std::string_view taken = rest->substr(0, end);
  rest->remove_prefix(end == std::string_view::npos ? rest->size() : end + 1);
  return taken;
}

tl::unexpected<Failure> BadRequest(std::string message) {
  return tl::unexpected<Failure>(Failure{400, "bad_request", std::move(message)});
}

}  // namespace

tl::expected<void, Failure> ParseTarget(std::string_view target, Request* request) {
  target = target.substr(0, target.find('#'));
  if (!target.starts_with('/') && target != "*") {
    const size_t authority = target.find("://");
    if (authority == std::string_view::npos) {
      return BadRequest("the request line must name a path that starts with '/'");
    }
    target.remove_prefix(authority + 3);
    target.remove_prefix(std::min(target.find_first_of("/?"), target.size()));
  }
  const auto path = PercentDecode(TakeUntil('?', &target), false);
  if (!path) return BadRequest("the path has a '%' without two hexadecimal digits after it");
  request->path = path->empty() ? "/" : *path;
  while (!target.empty()) {
    std::string_view pair = TakeUntil('&', &target);
    if (pair.empty()) continue;
    const auto name = PercentDecode(TakeUntil('=', &pair), true);
    const auto value = PercentDecode(pair, true);
    if (!name || !value) return BadRequest("the query has a '%' without two hexadecimal digits after it");
    request->query.emplace_back(*name, *value);
  }
  return {};
}

}  // namespace sidelight::http
