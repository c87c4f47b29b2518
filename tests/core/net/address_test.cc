#include "core/net/address.h"

#include <gtest/gtest.h>

#include "core/net/socket_address.h"

namespace sidelight::net {
namespace {

TEST(Address, ParsesWhatTheConfigurationWrites) {
  struct Case {
    std::string_view text, host;
    uint16_t port;
    std::string_view path;
    bool numeric;
  };
  const Case kCases[] = {
      {"127.0.0.1:8080", "127.0.0.1", 8080, "", true},
      {"0.0.0.0:0", "0.0.0.0", 0, "", true},
      {"[::1]:9464", "::1", 9464, "", true},
      {"[::]:80", "::", 80, "", true},
      {"redis:6379", "redis", 6379, "", false},
      {"db.shop.svc.cluster.local:5432", "db.shop.svc.cluster.local", 5432, "", false},
      {"localhost:65535", "localhost", 65535, "", false},
      {"unix:/run/app.sock", "", 0, "/run/app.sock", true},
  };
  for (const Case& c : kCases) {
    const Result<Address> got = Address::Parse(c.text);
    ASSERT_TRUE(got) << c.text << ": " << got.error().message;
    EXPECT_EQ(got->host(), c.host) << c.text;
    EXPECT_EQ(got->port(), c.port) << c.text;
    EXPECT_EQ(got->path(), c.path) << c.text;
    EXPECT_EQ(got->is_numeric(), c.numeric) << c.text;
    EXPECT_EQ(got->is_unix(), !c.path.empty()) << c.text;
    EXPECT_EQ(got->ToString(), c.text);
    const auto socket_address = SocketAddress::Of(*got);
    ASSERT_EQ(socket_address.has_value(), c.numeric) << c.text;
    if (socket_address) {
      EXPECT_EQ(socket_address->ToString(), c.text);
    }
  }
}

TEST(Address, SaysWhatIsWrong) {
  const std::pair<std::string, std::string_view> kCases[] = {
      {"", "the port is missing"},
      {"127.0.0.1", "the port is missing"},
      {"8080", "the host is missing"},
      {":8080", "the host is missing"},
      {"localhost:", "the port is not a number"},
      {"localhost:http", "the port is not a number"},
      {"localhost:65536", "the port is not a number"},
      {"localhost:-1", "the port is not a number"},
      {"::1:80", "goes in brackets"},
      {"[::1:80", "bracket is not closed"},
      {"[localhost]:80", "not an IPv6 address"},
      {"1.2.3.400:80", "the IP address is not one"},
      {"a b:80", "neither an IP address nor a name"},
      {"http://a:80", "it has a scheme"},
      {"unix:relative", "starts with a slash"},
      {"unix:/" + std::string(200, 'x'), "at most 107 bytes"},
      {std::string("a\0b:80", 6), "zero byte"},
  };
  for (const auto& [text, wanted] : kCases) {
    const Result<Address> got = Address::Parse(text);
    ASSERT_FALSE(got) << text;
    EXPECT_NE(got.error().message.find(wanted), std::string::npos)
        << "input " << text << "\nwanted " << wanted << "\ngot " << got.error().message;
  }
}

TEST(Address, ParsesAnIpAddressAlone) {
  EXPECT_EQ(Address::ParseIp("127.0.0.6")->ToString(), "127.0.0.6");
  EXPECT_EQ(Address::ParseIp("[::1]")->ToString(), "::1");
  for (const std::string_view text : {"", "localhost", "127.0.0.6:80", "[]"}) {
    EXPECT_FALSE(Address::ParseIp(text)) << text;
  }
}

}  // namespace
}  // namespace sidelight::net
