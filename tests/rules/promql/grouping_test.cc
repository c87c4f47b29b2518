#include "rules/promql/grouping.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

namespace sidelight::promql {
namespace {

TEST(GroupingTest, WhichLabelsCount) {
  const Labels series{{"__name__", "m"}, {"a", "1"}, {"b", "2"}, {"c", "3"}};
  struct Case {
    std::vector<std::string> names;
    bool keep;
    Labels wanted;
  };
  const Case cases[] = {
      {{}, true, {}},
      {{"b", "a", "b"}, true, {{"a", "1"}, {"b", "2"}}},
      {{"nothing"}, true, {}},
      {{"__name__"}, true, {{"__name__", "m"}}},
      {{}, false, {{"a", "1"}, {"b", "2"}, {"c", "3"}}},
      {{"c", "nothing"}, false, {{"a", "1"}, {"b", "2"}}},
      {{"a", "b", "c"}, false, {}},
  };
  for (const Case& c : cases) {
    const Grouping grouping(c.names, c.keep);
    EXPECT_EQ(grouping.Of(series), c.wanted) << grouping.Of(series).ToString();
  }
}

TEST(GroupingTest, WhatIsTheSame) {
  struct Case {
    std::vector<std::string> names;
    bool keep;
    Labels a;
    Labels b;
    bool same;
  };
  const Case cases[] = {
      {{"a"}, true, {{"a", "1"}, {"b", "1"}}, {{"a", "1"}, {"c", "2"}}, true},
      {{"a"}, true, {{"a", "1"}}, {{"a", "2"}}, false},
      {{"a"}, true, {{"b", "1"}}, {}, true},
      {{"a", "b"}, true, {{"a", "x"}}, {{"b", "x"}}, false},
      {{"a"}, false, {{"a", "1"}, {"b", "1"}}, {{"a", "2"}, {"b", "1"}}, true},
      {{"a"}, false, {{"b", "1"}}, {{"b", "1"}, {"c", "1"}}, false},
      {{"a"}, false, {{"b", "1"}, {"c", "1"}}, {{"b", "1"}}, false},
      {{}, false, {{"__name__", "x"}, {"b", "1"}}, {{"__name__", "y"}, {"b", "1"}}, true},
      {{}, false, {{"ab", "c"}}, {{"a", "bc"}}, false},
  };
  for (const Case& c : cases) {
    const Grouping grouping(c.names, c.keep);
    EXPECT_EQ(grouping.Same(c.a, c.b), c.same) << c.a.ToString() << " " << c.b.ToString();
    if (!c.same) continue;
    EXPECT_EQ(grouping.Hash(c.a), grouping.Hash(c.b)) << c.a.ToString() << " " << c.b.ToString();
  }
}

TEST(GroupIndexTest, NumbersGroupsAsTheyCome) {
  const Grouping grouping({"g"}, true);
  GroupIndex index(grouping);
  EXPECT_EQ(index.Find(Labels{{"g", "x"}}), GroupIndex::kNone);
  EXPECT_EQ(index.Add(Labels{{"g", "x"}, {"i", "1"}}), 0u);
  EXPECT_EQ(index.Add(Labels{{"g", "y"}}), 1u);
  EXPECT_EQ(index.Add(Labels{{"g", "x"}, {"i", "2"}}), 0u);
  EXPECT_EQ(index.Add({}), 2u);
  EXPECT_EQ(index.size(), 3u);
  EXPECT_EQ(index.Find(Labels{{"g", "y"}, {"i", "9"}}), 1u);
  EXPECT_EQ(index.member(0), (Labels{{"g", "x"}, {"i", "1"}}));
}

// Modulo 2^64, of an odd number.
constexpr uint64_t Inverse(uint64_t odd) {
  uint64_t inverse = odd;
  for (int i = 0; i < 6; ++i) inverse *= 2 - odd * inverse;
  return inverse;
}

// The standard library's hash of eight bytes is a chain of steps that can each be taken back, so that there
// is a text for every hash.
class HashInverter {
 public:
  static std::string TextOf(uint64_t hash) {
    hash = UnshiftMix(hash);
    hash = UnshiftMix(hash * kInverse);
    uint64_t data = hash * kInverse ^ kSeed ^ 8 * kFactor;
    data = UnshiftMix(data * kInverse) * kInverse;
    std::string text(8, '\0');
    std::memcpy(text.data(), &data, text.size());
    return text;
  }

 private:
  static constexpr uint64_t kSeed = 0xc70f6907;
  static constexpr uint64_t kFactor = 0xc6a4a7935bd1e995;
  static constexpr uint64_t kInverse = Inverse(kFactor);
  static uint64_t UnshiftMix(uint64_t value) { return value ^ value >> 47; }
};

// Labels a and b that have a given hash under by(a, b), with any value of a.
Labels Colliding(uint64_t hash, const std::string& a) {
  constexpr uint64_t kFactor = 0x9e3779b97f4a7c15;
  const uint64_t first = std::hash<std::string_view>()(a) * kFactor;
  const uint64_t second = (hash - (first >> 29)) * Inverse(kFactor) ^ first;
  return Labels{{"a", a}, {"b", HashInverter::TextOf(second)}};
}

TEST(GroupIndexTest, TellsGroupsOfOneHashApart) {
  const Grouping grouping({"a", "b"}, true);
  GroupIndex index(grouping);
  constexpr uint64_t kHash = 0x0123456789abcdef;
  constexpr size_t kGroups = 50;
  for (size_t i = 0; i < kGroups; ++i) {
    const Labels labels = Colliding(kHash, std::to_string(i));
    if (grouping.Hash(labels) != kHash) {
      GTEST_SKIP() << "this standard library hashes texts otherwise than the test can turn round";
    }
    EXPECT_EQ(index.Add(labels), i);
  }
  EXPECT_EQ(index.Add(Labels{{"a", "another"}}), kGroups);
  for (size_t i = kGroups; i-- > 0;) {
    EXPECT_EQ(index.Find(Colliding(kHash, std::to_string(i))), i);
    EXPECT_EQ(index.Add(Colliding(kHash, std::to_string(i))), i);
  }
  EXPECT_EQ(index.Find(Colliding(kHash, "unknown")), GroupIndex::kNone);
  EXPECT_EQ(index.size(), kGroups + 1);
}

TEST(GroupingTest, NamesGoWithTypeAndUnit) {
  const Labels labels{
      {"__name__", "m"}, {"__type__", "counter"}, {"__unit__", "s"}, {"__own__", "x"}, {"a", "1"}};
  EXPECT_EQ(WithoutName(labels), (Labels{{"__own__", "x"}, {"a", "1"}}));
  EXPECT_EQ(WithoutName(Labels{{"a", "1"}}), (Labels{{"a", "1"}}));
  EXPECT_EQ(WithoutName({}), Labels());
}

TEST(GroupingTest, LabelsAreSetAndTakenAway) {
  const Labels labels{{"a", "1"}, {"b", "2"}};
  EXPECT_EQ(WithLabel(labels, "b", "3"), (Labels{{"a", "1"}, {"b", "3"}}));
  EXPECT_EQ(WithLabel(labels, "c", "3"), (Labels{{"a", "1"}, {"b", "2"}, {"c", "3"}}));
  EXPECT_EQ(WithLabel(labels, "a", ""), (Labels{{"b", "2"}}));
  EXPECT_EQ(WithLabel({}, "a", ""), Labels());
}

}  // namespace
}  // namespace sidelight::promql
