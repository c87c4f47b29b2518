#include "core/net/proxy_header.h"

#include <gtest/gtest.h>

namespace sidelight::net {
namespace {

using enum ProxyHeaderStatus;

SocketAddress At(std::string_view text) {
  return *SocketAddress::Of(*Address::Parse(text));
}

TEST(ProxyHeader, WhatIsEncodedIsDecoded) {
  const std::pair<std::string, std::string> kCases[] = {
      {"192.0.2.1:56324", "198.51.100.2:443"},
      {"[2001:db8::1]:56324", "[2001:db8::2]:443"},
      {"unix:/run/client.sock", "unix:/run/app.sock"},
  };
  for (const auto& [source, destination] : kCases) {
    const std::string bytes = EncodeProxyHeader(At(source), At(destination));
    const ProxyHeaderResult got = DecodeProxyHeader(bytes + "GET / HTTP/1.1\r\n");
    ASSERT_EQ(got.status, kDone) << source;
    EXPECT_EQ(got.header.version, 2);
    EXPECT_FALSE(got.header.local);
    EXPECT_EQ(got.header.source.ToString(), source);
    EXPECT_EQ(got.header.destination.ToString(), destination);
    EXPECT_EQ(got.header.size, bytes.size());
    for (size_t cut = 0; cut < bytes.size(); ++cut) {
      EXPECT_EQ(DecodeProxyHeader(std::string_view(bytes).substr(0, cut)).status, kNeedMore)
          << source << " cut at " << cut;
    }
  }
}

TEST(ProxyHeader, AMappedAddressIsIpv4) {
  const auto got =
      DecodeProxyHeader(EncodeProxyHeader(At("[::ffff:192.0.2.1]:1"), At("[::ffff:192.0.2.2]:2")));
  ASSERT_EQ(got.status, kDone);
  EXPECT_EQ(got.header.source.ToString(), "192.0.2.1:1");
}

TEST(ProxyHeader, WithoutAddressesItIsLocal) {
  for (const auto& bytes : {EncodeProxyHeader(SocketAddress(), SocketAddress()),
                            EncodeProxyHeader(At("192.0.2.1:1"), At("unix:/run/app.sock"))}) {
    const auto got = DecodeProxyHeader(bytes);
    ASSERT_EQ(got.status, kDone);
    EXPECT_TRUE(got.header.local);
    EXPECT_EQ(got.header.size, 16u);
  }
}

TEST(ProxyHeader, ReadsVersion1) {
  const auto got = DecodeProxyHeader("PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\nGET /");
  ASSERT_EQ(got.status, kDone);
  EXPECT_EQ(got.header.version, 1);
  EXPECT_EQ(got.header.source.ToString(), "192.0.2.1:56324");
  EXPECT_EQ(got.header.destination.ToString(), "198.51.100.2:443");
  EXPECT_EQ(got.header.size, 45u);
  EXPECT_TRUE(DecodeProxyHeader("PROXY UNKNOWN ffff::1 whatever\r\n").header.local);
}

TEST(ProxyHeader, SkipsExtensions) {
  std::string bytes = EncodeProxyHeader(At("192.0.2.1:1"), At("192.0.2.2:2"));
  bytes[15] = static_cast<char>(bytes[15] + 7);
  bytes += std::string("\x02\x00\x04shop", 7);
  const auto got = DecodeProxyHeader(bytes);
  ASSERT_EQ(got.status, kDone);
  EXPECT_EQ(got.header.size, bytes.size());
  EXPECT_EQ(got.header.source.ToString(), "192.0.2.1:1");
}

TEST(ProxyHeader, TellsOtherBytesAtOnce) {
  const std::string signature("\r\n\r\n\0\r\nQUIT\n", 12);
  const std::pair<std::string, ProxyHeaderStatus> kCases[] = {
      {"", kNeedMore},
      {"P", kNeedMore},
      {"PRI * HTTP/2.0\r\n", kNotHeader},
      {"POST / HTTP/1.1\r\n", kNotHeader},
      {"GET / HTTP/1.1\r\n", kNotHeader},
      {"PROXY TCP4 192.0.2.1", kNeedMore},
      {"PROXY TCP4 192.0.2.1\r\n", kNotHeader},
      {"PROXY TCP4 ::1 ::2 1 2\r\n", kNotHeader},
      {"PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n", kNotHeader},
      {"PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n", kNotHeader},
      {"PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n", kNotHeader},
      {"PROXY " + std::string(101, 'x'), kNotHeader},
      {signature.substr(0, 5), kNeedMore},
      {signature + "\x31\x11\x00\x0c", kNotHeader},  // version 3
      {signature + std::string("\x21\x11\x00\x04"
                               "abcd",
                               8),
       kNotHeader},  // too short for IPv4
      {signature + std::string("\x21\x11\xff\xff", 4), kNeedMore},
  };
  for (const auto& [bytes, wanted] : kCases) {
    EXPECT_EQ(static_cast<int>(DecodeProxyHeader(bytes).status), static_cast<int>(wanted))
        << "input " << bytes;
  }
}

}  // namespace
}  // namespace sidelight::net
