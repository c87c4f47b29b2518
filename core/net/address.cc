#include "core/net/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/un.h>

#include <charconv>
#include <optional>

namespace sidelight::net {
namespace {

constexpr std::string_view kForms = "write host:port, [v6]:port or unix:/path";

bool IsIp(const std::string& text) {
  in6_addr any;
  return inet_pton(AF_INET, text.c_str(), &any) == 1 || inet_pton(AF_INET6, text.c_str(), &any) == 1;
}

std::optional<uint16_t> ParsePort(std::string_view text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return port;
}

// Letters, digits, '-', '_' and '.', as in DNS and in /etc/hosts.
bool IsHostName(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  for (const char c : text) {
    const bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!alphanumeric && c != '-' && c != '_' && c != '.') return false;
  }
  return true;
}

}  // namespace

const std::string Address::kNone;

Address Address::Tcp(std::string host, uint16_t port) {
  Address address;
  address.is_numeric_ = IsIp(host);
  address.text_ = std::move(host);
  address.port_ = port;
  address.has_port_ = true;
  return address;
}

Address Address::Unix(std::string path) {
  Address address;
  address.text_ = std::move(path);
  address.is_unix_ = true;
  address.is_numeric_ = true;
  return address;
}

Result<Address> Address::ParseIp(std::string_view text) {
  std::string_view ip = text;
  if (ip.size() > 2 && ip.front() == '[' && ip.back() == ']') ip = ip.substr(1, ip.size() - 2);
  std::string host(ip);
  if (!IsIp(host)) {
    return Fail(
        ErrorCode::kInvalidArgument,
        fmt::format("\"{}\" is not an IP address; write one without a port, as 127.0.0.6 or ::1", text));
  }
  Address address = Tcp(std::move(host), 0);
  address.has_port_ = false;
  return address;
}

Result<Address> Address::Parse(std::string_view text) {
  const auto fail = [text](std::string_view why) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("\"{}\" is not an address: {}; {}", text, why, kForms));
  };
  if (text.find('\0') != text.npos) return fail("it contains a zero byte");
  if (text.starts_with("unix:")) {
    const std::string_view path = text.substr(5);
    if (path.empty() || path.front() != '/') return fail("the path of a unix socket starts with a slash");
    if (path.size() >= sizeof(sockaddr_un::sun_path)) {
      return fail(
          fmt::format("the path of a unix socket has at most {} bytes", sizeof(sockaddr_un::sun_path) - 1));
    }
    return Unix(std::string(path));
  }
  if (text.find("://") != text.npos) return fail("it has a scheme");
  const size_t colon = text.rfind(':');
  constexpr std::string_view kNoHost = "the host is missing (0.0.0.0 means every address)";
  if (colon == text.npos) return fail(ParsePort(text) ? kNoHost : "the port is missing");
  const std::optional<uint16_t> port = ParsePort(text.substr(colon + 1));
  if (!port) return fail("the port is not a number from 0 to 65535");
  std::string_view host = text.substr(0, colon);
  if (host.empty()) return fail(kNoHost);
  if (host.front() == '[') {
    if (host.size() < 3 || host.back() != ']') return fail("the bracket is not closed");
    std::string v6(host.substr(1, host.size() - 2));
    in6_addr any;
    if (inet_pton(AF_INET6, v6.c_str(), &any) != 1) return fail("what is in brackets is not an IPv6 address");
    return Tcp(std::move(v6), *port);
  }
  if (host.find(':') != host.npos) return fail("an IPv6 address goes in brackets");
  if (!IsHostName(host)) return fail("the host is neither an IP address nor a name");
  Address address = Tcp(std::string(host), *port);
  // What looks like an IPv4 address but is none, as 1.2.3.400, would otherwise be asked of the name server.
  if (!address.is_numeric_ && host.find_first_not_of("0123456789.") == host.npos) {
    return fail("the IP address is not one");
  }
  return address;
}

std::string Address::ToString() const {
  if (is_unix_) return "unix:" + text_;
  if (!has_port_) return text_;
  if (text_.find(':') != text_.npos) return fmt::format("[{}]:{}", text_, port_);
  return fmt::format("{}:{}", text_, port_);
}

}  // namespace sidelight::net
