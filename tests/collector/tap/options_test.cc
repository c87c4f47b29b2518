#include "collector/tap/options.h"

#include <gtest/gtest.h>

namespace sidelight::tap {
namespace {

Status Read(const std::string& text, Options* out) {
  yaml::Document document = yaml::Document::Parse(text, "tap.yaml", {});
  yaml::Mapping mapping = document.Root().AsMapping();
  Decode(mapping, out);
  mapping.Finish();
  return document.status();
}

TEST(Options, AreRead) {
  Options options;
  const Status status = Read(
      "name: api\nlisten: 0.0.0.0:8080\nupstream: redis:6379\nsource: 127.0.0.6\nproxy_protocol: v2\n"
      "connect_timeout: 2s\ntimeout: 1m30s\n",
      &options);
  ASSERT_TRUE(status) << status.error().message;
  EXPECT_EQ(options.name, "api");
  EXPECT_EQ(options.listen.ToString(), "0.0.0.0:8080");
  EXPECT_EQ(options.upstream.ToString(), "redis:6379");
  EXPECT_EQ(options.source->ToString(), "127.0.0.6");
  EXPECT_TRUE(options.proxy_protocol);
  EXPECT_EQ(options.connect_timeout, std::chrono::seconds(2));
  EXPECT_EQ(options.timeout, std::chrono::seconds(90));
}

TEST(Options, HaveDefaults) {
  Options options;
  ASSERT_TRUE(
      Read("{name: api, listen: '[::]:1', upstream: 'unix:/run/app.sock', proxy_protocol: off}", &options));
  EXPECT_FALSE(options.source);
  EXPECT_FALSE(options.proxy_protocol);
  EXPECT_EQ(options.connect_timeout, std::chrono::seconds(5));
  EXPECT_EQ(options.timeout, Duration{});
}

TEST(Options, WhatIsWrongIsSaid) {
  const std::pair<std::string, std::string_view> kCases[] = {
      {"{listen: 'a:1', upstream: 'b:2'}", "name"},
      {"{name: '', listen: 'a:1', upstream: 'b:2'}", "not empty"},
      {"{name: a, upstream: 'b:2'}", "listen"},
      {"{name: a, listen: a, upstream: 'b:2'}", "the port is missing"},
      {"{name: a, listen: 'a:1', upstream: 'tls://b:443'}", "tls:// is reserved"},
      {"{name: a, listen: 'a:1', upstream: 'b:0'}", "needs a port"},
      {"{name: a, listen: 'a:1', upstream: 'b:2', source: localhost}", "is not an IP address"},
      {"{name: a, listen: 'a:1', upstream: 'unix:/b', source: 127.0.0.6}", "needs an upstream over TCP"},
      {"{name: a, listen: 'a:1', upstream: '127.0.0.1:2', source: '::1'}", "one is IPv4 and the other IPv6"},
      {"{name: a, listen: 'a:1', upstream: '[::1]:2', source: 127.0.0.6}", "one is IPv4 and the other IPv6"},
      {"{name: a, listen: 'a:1', upstream: 'b:2', proxy_protocol: v1}", "v2"},
      {"{name: a, listen: 'a:1', upstream: 'b:2', connect_timeout: 0s}", "longer than 0"},
  };
  for (const auto& [text, wanted] : kCases) {
    Options options;
    const Status status = Read(text, &options);
    ASSERT_FALSE(status) << text;
    EXPECT_NE(status.error().message.find(wanted), std::string::npos)
        << text << "\ngot " << status.error().message;
  }
}

}  // namespace
}  // namespace sidelight::tap
