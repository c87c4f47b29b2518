#include "exporters/alertmanager/queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/exporters/alertmanager/alerts.h"

namespace sidelight::alertmanager {
namespace {

using Names = std::vector<std::string>;

struct Case {
  const char* what;
  Names queued;
  Names pushed;
  size_t capacity;
  size_t dropped;
  Names kept;
};

TEST(QueueTest, TheOldestMakeRoom) {
  const Case cases[] = {
      {"room for all", {"1", "2"}, {"3"}, 3, 0, {"1", "2", "3"}},
      {"nothing new", {"1", "2"}, {}, 3, 0, {"1", "2"}},
      {"one too many", {"1", "2", "3"}, {"4"}, 3, 1, {"2", "3", "4"}},
      {"all of the old", {"1", "2", "3"}, {"4", "5", "6"}, 3, 3, {"4", "5", "6"}},
      {"more than it holds", {"1"}, {"2", "3", "4", "5"}, 3, 2, {"3", "4", "5"}},
      {"more than it holds, empty", {}, {"2", "3", "4", "5"}, 3, 1, {"3", "4", "5"}},
      {"capacity was lowered", {"1", "2", "3"}, {"4"}, 2, 2, {"3", "4"}},
      {"capacity was lowered, nothing new", {"1", "2", "3"}, {}, 2, 1, {"2", "3"}},
      {"holds none", {}, {"1"}, 0, 1, {}},
  };
  for (const Case& c : cases) {
    Queue queue;
    queue.Push(Shared(AlertsNamed(c.queued)), c.queued.size());
    EXPECT_EQ(queue.Push(Shared(AlertsNamed(c.pushed)), c.capacity), c.dropped) << c.what;
    EXPECT_EQ(queue.size(), c.kept.size()) << c.what;
    EXPECT_EQ(NamesOf(queue.Take(100)), c.kept) << c.what;
    EXPECT_TRUE(queue.empty()) << c.what;
  }
}

TEST(QueueTest, TakesTheOldestFirst) {
  Queue queue;
  queue.Push(Shared(AlertsNamed({"1", "2", "3", "4", "5"})), 10);
  EXPECT_EQ(NamesOf(queue.Take(2)), (Names{"1", "2"}));
  EXPECT_EQ(NamesOf(queue.Take(2)), (Names{"3", "4"}));
  EXPECT_EQ(NamesOf(queue.Take(2)), (Names{"5"}));
  EXPECT_EQ(NamesOf(queue.Take(2)), Names{});
  queue.Push(Shared(AlertsNamed({"6", "7"})), 10);
  EXPECT_EQ(queue.Clear(), 2u);
  EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace sidelight::alertmanager
