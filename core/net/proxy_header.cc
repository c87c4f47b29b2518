#include "core/net/proxy_header.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>

namespace sidelight::net {
namespace {

constexpr std::string_view kSignature1 = "PROXY ";
constexpr std::string_view kSignature2("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr size_t kFixed2 = 16;  // signature, version and command, family and transport, length

constexpr unsigned char kVersion2Local = 0x20;
constexpr unsigned char kVersion2Proxy = 0x21;
constexpr unsigned char kTcp4 = 0x11;
constexpr unsigned char kTcp6 = 0x21;
constexpr unsigned char kUnixStream = 0x31;
constexpr size_t kTcp4Size = 12;
constexpr size_t kTcp6Size = 36;
constexpr size_t kUnixPath = 108;

bool CouldBecome(std::string_view bytes, std::string_view signature) {
  const size_t n = std::min(bytes.size(), signature.size());
  return bytes.substr(0, n) == signature.substr(0, n);
}

unsigned char At(std::string_view bytes, size_t i) {
  return static_cast<unsigned char>(bytes[i]);
}

std::optional<uint16_t> Port(std::string_view text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return port;
}

// "PROXY TCP4 192.0.2.1 192.0.2.2 56324 443" without its line end.
bool DecodeLine(std::string_view line, ProxyHeader* out) {
  std::array<std::string_view, 6> words;
  size_t count = 0;
  for (size_t at = 0; at <= line.size();) {
    const size_t space = std::min(line.find(' ', at), line.size());
    if (count < words.size()) words[count] = line.substr(at, space - at);
    ++count;
    at = space + 1;
  }
  out->version = 1;
  if (count >= 2 && words[1] == "UNKNOWN") {
    out->local = true;
    return true;
  }
  if (count != 6 || (words[1] != "TCP4" && words[1] != "TCP6")) return false;
  const int family = words[1] == "TCP4" ? AF_INET : AF_INET6;
  const auto source_port = Port(words[4]);
  const auto destination_port = Port(words[5]);
  if (!source_port || !destination_port) return false;
  const auto source = SocketAddress::Of(Address::Tcp(std::string(words[2]), *source_port));
  const auto destination = SocketAddress::Of(Address::Tcp(std::string(words[3]), *destination_port));
  if (!source || !destination || source->family() != family || destination->family() != family) return false;
  out->source = *source;
  out->destination = *destination;
  return true;
}

SocketAddress V4(std::string_view ip, std::string_view port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  std::memcpy(&address.sin_addr, ip.data(), 4);
  std::memcpy(&address.sin_port, port.data(), 2);
  return SocketAddress(reinterpret_cast<const sockaddr*>(&address), sizeof(address));
}

SocketAddress V6(std::string_view ip, std::string_view port) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  std::memcpy(&address.sin6_addr, ip.data(), 16);
  std::memcpy(&address.sin6_port, port.data(), 2);
  return SocketAddress(reinterpret_cast<const sockaddr*>(&address), sizeof(address));
}

SocketAddress UnixPath(std::string_view path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), kUnixPath);
  return SocketAddress(reinterpret_cast<const sockaddr*>(&address), sizeof(address));
}

// What follows the fixed part of version 2.
bool DecodeAddresses(unsigned char family, std::string_view body, ProxyHeader* out) {
  switch (family) {
    case kTcp4:
      if (body.size() < kTcp4Size) return false;
      out->source = V4(body.substr(0), body.substr(8));
      out->destination = V4(body.substr(4), body.substr(10));
      return true;
    case kTcp6:
      if (body.size() < kTcp6Size) return false;
      out->source = V6(body.substr(0), body.substr(32));
      out->destination = V6(body.substr(16), body.substr(34));
      return true;
    case kUnixStream:
      if (body.size() < 2 * kUnixPath) return false;
      out->source = UnixPath(body);
      out->destination = UnixPath(body.substr(kUnixPath));
      return true;
    default:
      // Unspecified, or datagrams, which no connection of ours has: the receiver is to ignore the addresses.
      out->local = true;
      return true;
  }
}

}  // namespace

ProxyHeaderSize MeasureProxyHeader(std::string_view bytes) {
  if (bytes.empty()) return {ProxyHeaderStatus::kNeedMore, 0};
  if (CouldBecome(bytes, kSignature1)) {
    const size_t end = bytes.substr(0, kMaxProxyHeaderProbe).find("\r\n");
    if (end != bytes.npos) return {ProxyHeaderStatus::kDone, end + 2};
    if (bytes.size() >= kMaxProxyHeaderProbe) return {};
    return {ProxyHeaderStatus::kNeedMore, 0};
  }
  if (CouldBecome(bytes, kSignature2)) {
    if (bytes.size() > 12 && At(bytes, 12) != kVersion2Local && At(bytes, 12) != kVersion2Proxy) return {};
    if (bytes.size() < kFixed2) return {ProxyHeaderStatus::kNeedMore, 0};
    return {ProxyHeaderStatus::kDone, kFixed2 + At(bytes, 14) * size_t{256} + At(bytes, 15)};
  }
  return {};
}

ProxyHeaderResult DecodeProxyHeader(std::string_view bytes) {
  const ProxyHeaderSize measured = MeasureProxyHeader(bytes);
  if (measured.status != ProxyHeaderStatus::kDone) return {measured.status, {}};
  if (bytes.size() < measured.size) return {ProxyHeaderStatus::kNeedMore, {}};
  bytes = bytes.substr(0, measured.size);
  ProxyHeader header;
  header.size = measured.size;
  bool good;
  if (bytes.front() == 'P') {
    good = DecodeLine(bytes.substr(0, bytes.size() - 2), &header);
  } else if (At(bytes, 12) == kVersion2Local) {
    header.local = true;
    good = true;
  } else {
    good = DecodeAddresses(At(bytes, 13), bytes.substr(kFixed2), &header);
  }
  if (!good) return {};
  return {ProxyHeaderStatus::kDone, header};
}

std::string EncodeProxyHeader(const SocketAddress& source_in, const SocketAddress& destination_in) {
  const SocketAddress source = source_in.Unmapped();
  const SocketAddress destination = destination_in.Unmapped();
  const int family = source.family() == destination.family() ? source.family() : AF_UNSPEC;
  std::string body;
  const auto append = [&body](const void* data, size_t n) { body.append(static_cast<const char*>(data), n); };
  unsigned char kind = 0;
  switch (family) {
    case AF_INET:
      kind = kTcp4;
      append(&source.v4().sin_addr, 4);
      append(&destination.v4().sin_addr, 4);
      append(&source.v4().sin_port, 2);
      append(&destination.v4().sin_port, 2);
      break;
    case AF_INET6:
      kind = kTcp6;
      append(&source.v6().sin6_addr, 16);
      append(&destination.v6().sin6_addr, 16);
      append(&source.v6().sin6_port, 2);
      append(&destination.v6().sin6_port, 2);
      break;
    case AF_UNIX:
      kind = kUnixStream;
      for (const SocketAddress* end : {&source, &destination}) {
        std::string path = end->path();
        path.resize(kUnixPath);
        body += path;
      }
      break;
    default:
      break;
  }
  std::string header(kSignature2);
  header += static_cast<char>(kind == 0 ? kVersion2Local : kVersion2Proxy);
  header += static_cast<char>(kind);
  header += static_cast<char>(body.size() >> 8);
  header += static_cast<char>(body.size() & 0xff);
  return header + body;
}

}  // namespace sidelight::net
