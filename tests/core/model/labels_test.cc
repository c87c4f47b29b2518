#include "core/model/labels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

namespace sidelight {
namespace {

TEST(Labels, AreSortedWithoutDuplicatesAndEmptyValues) {
  const struct {
    std::vector<Label> given;
    std::string want;
  } cases[] = {
      {{}, "{}"},
      {{{"a", "1"}}, R"({a="1"})"},
      {{{"b", "2"}, {"a", "1"}}, R"({a="1", b="2"})"},
      {{{"a", ""}}, "{}"},
      {{{"a", ""}, {"b", "2"}}, R"({b="2"})"},
      {{{"a", "1"}, {"a", "2"}}, R"({a="2"})"},
      {{{"a", "1"}, {"b", "x"}, {"a", ""}}, R"({b="x"})"},
      {{{"a", "1"}, {"a", ""}, {"a", "3"}}, R"({a="3"})"},
      {{{"Z", "1"}, {"_", "2"}, {"a", "3"}}, R"({Z="1", _="2", a="3"})"},
      {{{"a", "say \"hi\"\n\\"}}, R"({a="say \"hi\"\n\\"})"},
      {{{"\xc3\xa4.b", "\xe2\x82\xac"}}, "{\xc3\xa4.b=\"\xe2\x82\xac\"}"},
  };
  for (const auto& c : cases) EXPECT_EQ(Labels(std::span<const Label>(c.given)).ToString(), c.want);
}

TEST(Labels, KnowWhetherATextFormatMustEscapeThem) {
  const struct {
    std::vector<Label> given;
    bool plain;
  } cases[] = {
      {{}, true},
      {{{"route", "/api/v1/{id}"}, {"code", "200"}}, true},
      {{{"a", "tab\t, nul\0 and del\x7f"}}, true},
      {{{"a", "1"}, {"b", "say \"hi\""}}, false},
      {{{"a", "c:\\"}, {"b", "1"}}, false},
      {{{"a", "two\nlines"}}, false},
      {{{"a", "\xe2\x82\xac"}}, false},
      {{{"\xc3\xa4", "1"}}, false},
  };
  for (const auto& c : cases) {
    const Labels labels{std::span<const Label>(c.given)};
    EXPECT_EQ(labels.plain(), c.plain) << labels.ToString();
  }
}

TEST(Labels, AreFoundByName) {
  const Labels labels{{"method", "GET"}, {"code", "200"}};
  EXPECT_EQ(labels.size(), 2u);
  EXPECT_EQ(labels.Get("method"), "GET");
  EXPECT_EQ(labels.Get("code"), "200");
  EXPECT_EQ(labels.Get("cod"), "");
  EXPECT_EQ(labels.Get(""), "");
  EXPECT_EQ(Labels().Get("code"), "");
  EXPECT_EQ(labels[0], (Label{"code", "200"}));
  EXPECT_EQ(labels[1], (Label{"method", "GET"}));
}

TEST(Labels, EqualOnesHashEqual) {
  const Labels a{{"x", "1"}, {"y", "2"}};
  const Labels b{{"y", "2"}, {"x", "1"}};
  EXPECT_EQ(a, b);
  EXPECT_EQ(a.hash(), b.hash());
  EXPECT_EQ(Labels(), Labels({{"gone", ""}}));
  EXPECT_EQ(Labels().hash(), Labels({{"gone", ""}}).hash());
}

TEST(Labels, OfDifferentCutsDiffer) {
  const std::vector<Labels> different = {
      {},
      {{"a", "bc"}},
      {{"ab", "c"}},
      {{"a", "b"}, {"c", "d"}},
      {{"a", "b"}, {"cd", "e"}},
      {{"a", "bc"}, {"d", "e"}},
      {{"a", "b"}},
      {{"b", "a"}},
  };
  for (size_t i = 0; i < different.size(); ++i) {
    for (size_t j = 0; j < different.size(); ++j) {
      EXPECT_EQ(different[i] == different[j], i == j) << different[i].ToString() << different[j].ToString();
      EXPECT_EQ(different[i].hash() == different[j].hash(), i == j)
          << different[i].ToString() << different[j].ToString();
    }
  }
}

TEST(Labels, AreOrderedByNameThenValueThenLength) {
  const std::vector<Labels> ascending = {
      {},
      {{"a", "1"}},
      {{"a", "1"}, {"b", "1"}},
      {{"a", "10"}},
      {{"a", "2"}},
      {{"a", "2"}, {"a1", "0"}},
      {{"a", "\xc3\xa4"}},
      {{"aa", "1"}},
      {{"b", "0"}},
  };
  for (size_t i = 0; i < ascending.size(); ++i) {
    for (size_t j = 0; j < ascending.size(); ++j) {
      EXPECT_EQ(ascending[i] < ascending[j], i < j) << ascending[i].ToString() << ascending[j].ToString();
    }
  }
}

TEST(Labels, CopiesShareTheirBytes) {
  Labels labels{{"a", "1"}};
  EXPECT_EQ(labels.use_count(), 1u);
  {
    const Labels copy = labels;
    EXPECT_EQ(copy[0].value.data(), labels[0].value.data());
    EXPECT_EQ(labels.use_count(), 2u);
  }
  EXPECT_EQ(labels.use_count(), 1u);
  const Labels moved = std::move(labels);
  EXPECT_EQ(moved.use_count(), 1u);
  labels = moved;
  EXPECT_EQ(moved.use_count(), 2u);
  const Labels& same = labels;
  labels = same;
  EXPECT_EQ(labels.Get("a"), "1");
  labels = {};
  EXPECT_TRUE(labels.empty());
  EXPECT_EQ(moved.use_count(), 1u);
}

TEST(Labels, MayBeCopiedAndDroppedOnAnyThread) {
  const Labels labels{{"a", "1"}};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([copy = labels] {
      for (int i = 0; i < 10'000; ++i) {
        const Labels another = copy;
        ASSERT_EQ(another.size(), 1u);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(labels.use_count(), 1u);
}

TEST(Labels, HashesSpread) {
  std::vector<uint64_t> low_bits;
  for (int i = 0; i < 1000; ++i) low_bits.push_back(Labels{{"n", std::to_string(i)}}.hash() & 0xffff);
  std::sort(low_bits.begin(), low_bits.end());
  const auto distinct = std::unique(low_bits.begin(), low_bits.end()) - low_bits.begin();
  EXPECT_GT(distinct, 970) << "about 992 would be those of a perfect hash";
}

}  // namespace
}  // namespace sidelight
