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
      {"http", true, true}, {"tcp", true, false},  {"HTTP", false, false},
      {"", false, false},   {"htt", false, false},
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
