// Selecting by labels: every kind of matcher against a plain scan, while series come and go.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "core/storage/store.h"
#include "tests/core/storage/store_reading.h"

namespace sidelight::storage {
namespace {

using enum Matcher::Type;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

std::set<std::string> Select(const Store& store, std::span<const Matcher> matchers) {
  std::set<std::string> found;
  const auto selection = store.Select(matchers, kNever, kEver);
  for (const Series* series : selection->series()) found.insert(series->labels().ToString());
  return found;
}

const std::vector<MatcherList> kCases{
    {},
    {{kEqual, "job", "api"}},
    {{kEqual, "job", "nobody"}},
    {{kEqual, "nowhere", "x"}},
    {{kEqual, "pod", ""}},
    {{kEqual, "nowhere", ""}},
    {{kNotEqual, "job", "api"}},
    {{kNotEqual, "pod", ""}},
    {{kNotEqual, "nowhere", "x"}},
    {{kNotEqual, "nowhere", ""}},
    {{kRegex, "job", "api|web"}},
    {{kRegex, "job", "api|"}},
    {{kRegex, "pod", ""}},
    {{kRegex, "pod", "|p1"}},
    {{kRegex, "route", "/r1.*"}},
    {{kRegex, "route", "/r1.+|/r2"}},
    {{kRegex, "route", ".*"}},
    {{kRegex, "route", ".+"}},
    {{kRegex, "route", ".*5"}},
    {{kRegex, "nowhere", ".*"}},
    {{kRegex, "nowhere", ".+"}},
    {{kNotRegex, "job", "api|web"}},
    {{kNotRegex, "job", "api|"}},
    {{kNotRegex, "route", "/r1.*"}},
    {{kNotRegex, "pod", ".+"}},
    {{kNotRegex, "pod", ""}},
    {{kNotRegex, "nowhere", ".+"}},
    {{kEqual, "job", "api"}, {kRegex, "route", "/r[0-4]"}, {kNotEqual, "pod", "p1"}},
    {{kEqual, "job", "api"}, {kNotEqual, "job", "api"}},
};

TEST(IndexTest, EveryMatcherAgreesWithAScan) {
  const auto store = OpenStore({.retention = std::chrono::hours(1)});
  const auto appender = store->MakeAppender();
  std::vector<Labels> live;
  UnixMillis now = 1'000'000'000;
  const auto add = [&](int from, int to) {
    for (int i = from; i < to; ++i) {
      const std::string route = "/r" + std::to_string(i);
      const Labels labels{{"__name__", "requests_total"},
                          {"job", std::vector<std::string>{"api", "web", "db"}[static_cast<size_t>(i % 3)]},
                          {"route", route},
                          {"pod", i % 4 == 0 ? "" : "p" + std::to_string(i % 4)}};
      live.push_back(labels);
      ASSERT_TRUE(appender->Append(0, labels, now, i).has_value());
    }
    ASSERT_TRUE(appender->Commit().has_value());
  };
  const auto check = [&](const std::string& when) {
    for (const MatcherList& list : kCases) {
      const std::vector<Matcher> matchers = MakeMatchers(list);
      std::set<std::string> wanted;
      std::set<std::string> names;
      std::set<std::string> pods;
      std::string text;
      for (const Matcher& matcher : matchers) text += matcher.ToString() + " ";
      for (const Labels& labels : live) {
        if (!MatchesAll(matchers, labels)) continue;
        wanted.insert(labels.ToString());
        for (const Label label : labels) names.emplace(label.name);
        if (!labels.Get("pod").empty()) pods.emplace(labels.Get("pod"));
      }
      EXPECT_EQ(Select(*store, matchers), wanted) << when << ": " << text;
      EXPECT_THAT(store->LabelNames(matchers, kNever, kEver), ElementsAreArray(names))
          << when << ": " << text;
      EXPECT_THAT(store->LabelValues("pod", matchers, kNever, kEver), ElementsAreArray(pods))
          << when << ": " << text;
    }
  };
  check("empty");
  add(0, 10);
  check("ten, all of them recent");
  add(10, 400);
  check("some indexed, some recent");
  store->Maintain(now);
  check("all indexed");
  now += 3 * 3600 * 1000;
  live.clear();
  add(400, 403);
  store->Maintain(now);  // drops all but the last three
  check("most of them gone");
  EXPECT_EQ(store->Stats().series, 3U);
  add(0, 5);
  check("some came back");
}

TEST(IndexTest, LabelNamesAndValuesAreSortedAndOnlyThoseOfMatchingSeries) {
  const auto store = OpenStore();
  const auto appender = store->MakeAppender();
  for (const Labels& labels : {Labels{{"__name__", "a"}, {"x", "2"}}, Labels{{"__name__", "a"}, {"x", "10"}},
                               Labels{{"__name__", "b"}, {"y", "1"}}}) {
    ASSERT_TRUE(appender->Append(0, labels, 1, 1).has_value());
  }
  ASSERT_TRUE(appender->Commit().has_value());
  EXPECT_THAT(store->LabelNames({}, kNever, kEver), ElementsAre("__name__", "x", "y"));
  EXPECT_THAT(store->LabelValues("x", {}, kNever, kEver), ElementsAre("10", "2"));
  const auto b = MakeMatchers({{kEqual, "__name__", "b"}});
  EXPECT_THAT(store->LabelNames(b, kNever, kEver), ElementsAre("__name__", "y"));
  EXPECT_THAT(store->LabelValues("x", b, kNever, kEver), ElementsAre());
}

TEST(IndexTest, SeriesWithoutSamplesInTheRangeAreLeftOut) {
  // A chunk spans at most a minute.
  const auto store = OpenStore({.retention = std::chrono::minutes(8)});
  const auto appender = store->MakeAppender();
  const auto append = [&](const Labels& labels, UnixMillis time) {
    ASSERT_TRUE(appender->Append(0, labels, time, 1).has_value());
    ASSERT_TRUE(appender->Commit().has_value());
  };
  append({{"a", "old"}, {"was", "x"}}, 1000);
  append({{"a", "new"}}, 9000);
  append({{"a", "now and then"}}, 1000);
  append({{"a", "now and then"}}, 200'000);
  struct Row {
    UnixMillis from;
    UnixMillis to;
    std::vector<std::string> values;
    std::vector<std::string> names;
  };
  const std::vector<Row> rows = {
      {kNever, 250'000, {"new", "now and then", "old"}, {"a", "was"}},
      {0, 999, {}, {}},
      {0, 1000, {"now and then", "old"}, {"a", "was"}},
      {5000, 10'000, {"new"}, {"a"}},
      {5000, 199'999, {"new"}, {"a"}},
      {5000, 200'000, {"new", "now and then"}, {"a"}},
      {200'000, 200'000, {"now and then"}, {"a"}},
      {200'001, 250'000, {}, {}},
      {10'000, 5000, {}, {}},
  };
  for (const bool indexed : {false, true}) {
    for (const Row& row : rows) {
      SCOPED_TRACE(testing::Message() << "indexed: " << indexed << ", " << row.from << " to " << row.to);
      EXPECT_EQ(store->LabelValues("a", {}, row.from, row.to), row.values);
      EXPECT_EQ(store->LabelNames({}, row.from, row.to), row.names);
      EXPECT_EQ(store->Select({}, row.from, row.to)->series().size(), row.values.size());
    }
    // So many that the index is built again.
    for (int i = 0; i < 300 && !indexed; ++i) append({{"b", std::to_string(i)}}, 300'000 + i);
    store->Maintain(300'000);
  }
}

}  // namespace
}  // namespace sidelight::storage
