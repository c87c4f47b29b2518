#include "core/http/url.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace sidelight::http {
namespace {

constexpr std::string_view kPlain = "http://";
constexpr std::string_view kTls = "https://";
constexpr std::string_view kForm = "write http://host:port or https://host:port";

tl::unexpected<Error> Wrong(std::string message) {
  return Fail(ErrorCode::kInvalidArgument, std::move(message));
}

bool IsPathByte(char c) {
  return c > ' ' && c < 0x7f;
}

}  // namespace

Result<Url> Url::Parse(std::string_view text) {
  const bool tls = text.starts_with(kTls);
  const size_t scheme = tls ? kTls.size() : text.starts_with(kPlain) ? kPlain.size() : text.size();
  const std::string_view authority_and_path = text.substr(scheme);
  const size_t end = std::min(authority_and_path.find_first_of("/?#"), authority_and_path.size());
  const std::string_view authority = authority_and_path.substr(0, end);
  std::string_view path = authority_and_path.substr(end);
  if (text.find('@') != std::string_view::npos) {
    return Wrong(fmt::format("the URL has a user in it, which is not sent; {}", kForm));
  }
  if (authority.empty()) return Wrong(fmt::format("\"{}\" is not a URL; {}", text, kForm));
  if (path.find_first_of("?#") != std::string_view::npos ||
      !std::all_of(path.begin(), path.end(), IsPathByte)) {
    // A query may hold a key that is nobody's business.
    const size_t query = text.find_first_of("?#");
    return Wrong(fmt::format("\"{}{}\" has more in it than a path; {}", text.substr(0, query),
                             query == std::string_view::npos ? "" : fmt::format("{}...", text[query]),
                             kForm));
  }
  const bool v6 = authority.starts_with('[');
  const bool has_port = v6 ? !authority.ends_with(']') : authority.find(':') != std::string_view::npos;
  Result<net::Address> address = net::Address::Parse(
      has_port ? std::string(authority) : fmt::format("{}:{}", authority, tls ? 443 : 80));
  if (!address) return tl::unexpected<Error>(std::move(address.error()));
  if (address->is_unix() || address->port() == 0) {
    return Wrong(fmt::format("\"{}\" names no port of a host; {}", text, kForm));
  }
  while (path.ends_with('/')) path.remove_suffix(1);
  return Url{*std::move(address), std::string(authority), std::string(path), tls};
}

}  // namespace sidelight::http
