#include "src/config/external_url.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "src/config/identity.h"

namespace sidelight::config {
namespace {

constexpr std::string_view kForm = "write http://host:port/path or https://host";

tl::unexpected<Error> Wrong(std::string message) {
  return Fail(ErrorCode::kInvalidArgument, std::move(message));
}

// What may stand in a link as it is.
bool IsPathByte(char c) {
  return c > ' ' && c < 0x7f && std::string_view("\"'<>\\^`{|}").find(c) == std::string_view::npos;
}

}  // namespace

Result<std::string> ParseExternalUrl(std::string_view text) {
  if (text.find('@') != std::string_view::npos) {
    return Wrong(fmt::format("the URL has a user in it, which would be shown to everybody; {}", kForm));
  }
  const size_t scheme = text.starts_with("http://") ? 7 : text.starts_with("https://") ? 8 : 0;
  const std::string_view rest = text.substr(scheme);
  const size_t end = std::min(rest.find_first_of("/?#"), rest.size());
  const std::string_view authority = rest.substr(0, end);
  const std::string_view path = rest.substr(end);
  if (scheme == 0 || authority.empty()) return Wrong(fmt::format("\"{}\" is not a URL; {}", text, kForm));
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
  Result<net::Address> address =
      net::Address::Parse(has_port ? std::string(authority) : fmt::format("{}:80", authority));
  if (!address) return tl::unexpected<Error>(std::move(address.error()));
  if (address->is_unix() || address->port() == 0) {
    return Wrong(fmt::format("\"{}\" names no port of a host; {}", text, kForm));
  }
  while (text.ends_with('/')) text.remove_suffix(1);
  return std::string(text);
}

std::string DefaultExternalUrl(const net::Address& listen) {
  if (listen.is_unix()) return fmt::format("http://{}", HostName());
  return fmt::format("http://{}:{}", HostName(), listen.port());
}

}  // namespace sidelight::config
