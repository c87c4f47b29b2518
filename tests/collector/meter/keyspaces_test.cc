#include "collector/meter/keyspaces.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace sidelight::meter {
namespace {

std::vector<KeyspacePattern> Patterns(const std::vector<std::string>& texts) {
  std::vector<KeyspacePattern> patterns;
  for (const auto& text : texts) patterns.push_back(*KeyspacePattern::Parse(text));
  return patterns;
}

std::string Of(Keyspaces& keyspaces, std::string_view key) {
  return keyspaces.Text(keyspaces.Resolve(key));
}

TEST(Keyspaces, ShapesOfKeys) {
  const struct {
    std::string key;
    std::string want;
  } kCases[] = {
      {"config", "config"},
      {"user:1", "user:{id}"},
      {"user:1:name", "user:{id}:name"},
      {"user:000000000042", "user:{id}"},
      {"key:000000000012", "key:{id}"},
      {"user/17/cart", "user/{id}/cart"},
      {"users.17.cart", "users.{id}.cart"},
      {"a|17", "a|{id}"},
      {"user_17", "user_{id}"},
      {"order-2024-117", "order-{id}"},
      {"user_profile:17", "user_profile:{id}"},
      {"user-profile_17", "user-profile_{id}"},
      {"USER_17", "USER_{id}"},
      {"session:3f2504e0-4f89-11d3-9a0c-0305e82c3301", "session:{id}"},
      {"session_3f2504e0-4f89-11d3-9a0c-0305e82c3301", "session_{id}"},
      {"order:ddbbeecf-4f89-41d3-9a0c-0305e82c3301", "order:{id}"},
      {"order_DDBBEECF-4F89-41D3-9A0C-0305E82C3301", "order_{id}"},
      {"ddbbeecf-4f89-41d3-9a0c-0305e82c3301", "{id}"},
      {"facade-4f89-41d3", "facade-{id}"},
      {"session:9b74c9897bac770ffc029102a200c5de", "session:{id}"},
      {"session:01ARZ3NDEKTSV4RRFFQ69G5FAV", "session:{id}"},
      {"session:eyJhbGciOiJIUzI1NiJ9", "session:{id}"},
      {"cus_9s6XKzkNRiz8i3", "cus_{id}"},
      {"2026-11-20", "{id}"},
      {"stats:2026-11-20:views", "stats:{id}:views"},
      {"limit:10.0.0.1", "limit:{id}"},
      {"limit:10.0.0.1:minute", "limit:{id}:minute"},
      {"price:19.99", "price:{id}"},
      {"mail:jane@example", "mail:{id}"},
      {"{user1000}.following", "{{id}}.following"},
      {"{user:1000}:cart", "{user:{id}}:cart"},
      {"sha256", "sha256"},
      {"v2:user:1", "v2:user:{id}"},
      {"oauth2_token:1", "oauth2_token:{id}"},
      {"user:", "user:"},
      {"user::1", "user::{id}"},
      {":1", ":{id}"},
      {"", "{id}"},
      {"17", "{id}"},
      {"a:b:c:d:e:f", "a:b:c:d:e:f"},
      {"a:b:c:d:e:f:g:h", "a:b:c:d:e:f:{rest...}"},
      {"a:b:c:d:e:f:", "a:b:c:d:e:f:{rest...}"},
      {"bin:\xff\xfe\x01", "bin:{id}"},
      {std::string("nul\0l", 5), "{id}"},
      {std::string(64, 'x'), "{id}"},
      {std::string(63, 'x'), std::string(63, 'x')},
      {"name with spaces", "{id}"},
  };
  for (const auto& c : kCases) {
    Keyspaces keyspaces({});
    EXPECT_EQ(Of(keyspaces, c.key), c.want) << c.key;
    EXPECT_EQ(Of(keyspaces, c.key), c.want) << c.key << ", again";
  }
}

TEST(Keyspaces, TheFirstPatternThatMatchesGoesBeforeTheShape) {
  Keyspaces keyspaces(Patterns({"user:*:name", "user:*", "config"}));
  const struct {
    std::string key;
    std::string want;
  } kCases[] = {{"user:1:name", "user:*:name"},
                {"user:1", "user:*"},
                {"config", "config"},
                {"config:1", "config:{id}"},
                {"cart:1", "cart:{id}"}};
  for (const auto& c : kCases) EXPECT_EQ(Of(keyspaces, c.key), c.want) << c.key;
  EXPECT_EQ(keyspaces.Text(kNoKeyspace), "");
}

TEST(Keyspaces, NamesThatAreDataAreCaughtByTheCap) {
  Keyspaces keyspaces({}, {.learned = 100, .names = 3, .roots = 5});
  for (const std::string name : {"alice", "bob", "carol"})
    EXPECT_EQ(Of(keyspaces, "user:" + name), "user:" + name);
  EXPECT_EQ(Of(keyspaces, "user:dave"), "user:{id}");
  EXPECT_EQ(Of(keyspaces, "user:erin"), "user:{id}");
  EXPECT_EQ(Of(keyspaces, "user:bob"), "user:bob") << "what had a place keeps it";
  EXPECT_EQ(Of(keyspaces, "user:dave:cart"), "user:dave:cart") << "what more follows has places of its own";
  for (const std::string root : {"b:1", "c:1", "d:1", "e:1"})
    EXPECT_EQ(Of(keyspaces, root).substr(0, 1), root.substr(0, 1));
  EXPECT_EQ(Of(keyspaces, "f:1"), "{id}:{id}");
  EXPECT_EQ(Of(keyspaces, "f:x"), "{id}:x");
}

TEST(Keyspaces, WhatComesBeyondTheLimitIsOther) {
  Keyspaces keyspaces(Patterns({"config"}), {.learned = 3, .names = 10, .roots = 50});
  EXPECT_EQ(Of(keyspaces, "a:1"), "a:{id}");
  EXPECT_EQ(Of(keyspaces, "b:1"), "b:{id}");
  EXPECT_EQ(Of(keyspaces, "c:1"), "c:{id}");
  EXPECT_EQ(Of(keyspaces, "d:1"), "_OTHER");
  EXPECT_EQ(Of(keyspaces, "a:name"), "a:{id}") << "a name that finds no place is data";
  EXPECT_EQ(Of(keyspaces, "config"), "config");
  EXPECT_EQ(keyspaces.size(), keyspaces.capacity());
  for (int i = 0; i < 1000; ++i)
    EXPECT_LT(keyspaces.Resolve(fmt::format("x{}:y{}", i, i)), keyspaces.capacity());
}

// Whatever is thrown at it, there is a bound, and no key of random bytes comes out.
TEST(Keyspaces, RandomKeysStayWithinTheBound) {
  constexpr std::string_view kBytes = "ab:/.{}_-19AZ|\xff ";
  Keyspaces keyspaces({});
  uint32_t seed = 1;
  for (int i = 0; i < 20'000; ++i) {
    std::string key;
    for (int n = 0; n < 24; ++n) {
      seed = seed * 1664525 + 1013904223;
      key += kBytes[(seed >> 16) % kBytes.size()];
    }
    const KeyspaceId id = keyspaces.Resolve(key);
    ASSERT_LT(id, keyspaces.size());
    ASSERT_NE(id, kNoKeyspace);
    ASSERT_EQ(keyspaces.Text(id).find('\xff'), std::string::npos);
  }
  EXPECT_EQ(keyspaces.size(), keyspaces.capacity());
}

TEST(Keyspaces, ThreadsLearnTheSameKeyspacesOnce) {
  Keyspaces keyspaces({});
  std::atomic<bool> go{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      while (!go.load()) std::this_thread::yield();
      for (int i = 0; i < 2000; ++i) {
        const int n = (i + t * 7) % 60;
        const KeyspaceId id =
            keyspaces.Resolve(fmt::format("k{}:{}:field", static_cast<char>('a' + n % 26), i));
        ASSERT_LT(id, keyspaces.size());
        ASSERT_NE(keyspaces.Text(id), "");
      }
    });
  }
  go = true;
  for (auto& thread : threads) thread.join();
  std::set<std::string> texts;
  for (KeyspaceId id = 2; id < keyspaces.size(); ++id) texts.insert(keyspaces.Text(id));
  EXPECT_EQ(texts.size(), 26u);
  EXPECT_EQ(keyspaces.size(), 2u + 26u);
}

}  // namespace
}  // namespace sidelight::meter
