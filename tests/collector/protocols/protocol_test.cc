#include "collector/protocols/protocol.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/collector/protocols/checking_sink.h"

namespace sidelight {
namespace {

TEST(Protocol, IsFoundByName) {
  const struct {
    std::string_view name;
    bool found;
    bool observes;
  } rows[] = {
      {"http", true, true}, {"memcached", true, true}, {"postgres", true, true}, {"redis", true, true},
      {"tcp", true, false}, {"auto", true, true},      {"HTTP", false, false},   {"REDIS", false, false},
      {"", false, false},   {"htt", false, false},     {"autos", false, false},  {"postgresql", false, false},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(std::string(row.name));
    const Protocol* protocol = FindProtocol(row.name);
    ASSERT_EQ(protocol != nullptr, row.found);
    if (protocol == nullptr) continue;
    EXPECT_EQ(protocol->name, row.name);
    EXPECT_EQ(protocol->make_observer != nullptr, row.observes);
  }
}

// What `auto` can tell, and what it makes of it: a row that is wrong here is a protocol that is never found.
TEST(Protocol, IsToldFromItsFirstBytes) {
  const struct {
    std::string_view name;
    std::string_view prefix;  // "" for those that are not looked for
    Traffic traffic;
    std::string_view system;
    bool cache;
  } rows[] = {
      {"http", "GET / HTTP/1.1\r\n", Traffic::kHttp, "", false},
      {"memcached", "get a\r\n", Traffic::kDatabase, "memcached", true},
      {"postgres", std::string_view("\0\0\0\x08\x04\xd2\x16\x2f", 8), Traffic::kDatabase, "postgresql",
       false},
      {"redis", "*1\r\n$4\r\nPING\r\n", Traffic::kDatabase, "redis", true},
      {"tcp", "", Traffic::kBytes, "", false},
      {"auto", "", Traffic::kDetected, "", false},
  };
  EXPECT_EQ(Protocols().size(), std::size(rows));
  for (const auto& row : rows) {
    SCOPED_TRACE(std::string(row.name));
    const Protocol* protocol = FindProtocol(row.name);
    ASSERT_NE(protocol, nullptr);
    EXPECT_EQ(protocol->traffic, row.traffic);
    EXPECT_EQ(protocol->system, row.system);
    EXPECT_EQ(protocol->cache, row.cache);
    EXPECT_EQ(protocol->likeness == nullptr, row.prefix.empty());
    // The first that likes it gets it.
    for (const Protocol& other : Protocols()) {
      if (other.likeness == nullptr || row.prefix.empty()) continue;
      EXPECT_EQ(other.likeness(row.prefix) == Likeness::kYes, other.name == row.name) << other.name;
      if (other.name == row.name) break;
    }
  }
}

TEST(Protocol, MakesObserversThatWorkAlone) {
  for (const Protocol& protocol : Protocols()) {
    if (protocol.make_observer == nullptr) continue;
    SCOPED_TRACE(std::string(protocol.name));
    EXPECT_EQ(FindProtocol(protocol.name), &protocol);
    CheckingSink sink;
    const auto observer = protocol.make_observer(sink);
    ASSERT_NE(observer, nullptr);
    EXPECT_FALSE(observer->AwaitingResponse());
    EXPECT_FALSE(observer->InRequestHead());
    EXPECT_EQ(observer->Skippable(Direction::kRequest), 0u);
    EXPECT_EQ(observer->Skippable(Direction::kResponse), 0u);
    observer->OnClosed(Direction::kRequest, CloseReason::kEnd, TimePoint());
    observer->OnClosed(Direction::kResponse, CloseReason::kEnd, TimePoint());
    sink.CheckAllEnded();
  }
}

}  // namespace
}  // namespace sidelight
