#include "exporters/prometheus/federate.h"

#include <gtest/gtest.h>

#include <limits>

#include "core/model/stale.h"
#include "core/storage/store.h"

namespace sidelight::prometheus {
namespace {

constexpr UnixMillis kNow = 1'700'000'000'000;

Matcher Is(std::string name, std::string value, Matcher::Type type = Matcher::Type::kEqual) {
  return *Matcher::Make(type, std::move(name), std::move(value));
}

class FederateTest : public testing::Test {
 protected:
  FederateTest() : store_(*storage::Store::Open({})), appender_(store_->MakeAppender()) {}

  void Append(const Labels& labels, double value, UnixMillis age = 0) {
    ASSERT_TRUE(appender_->Append(0, labels, kNow - age, value));
    ASSERT_TRUE(appender_->Commit());
  }
  void AppendHistogram(const Labels& labels, UnixMillis age = 0) {
    auto histogram = std::make_shared<FloatHistogram>();
    histogram->count = 1;
    histogram->zero_count = 1;
    histogram->zero_threshold = 0.001;
    ASSERT_TRUE(appender_->AppendHistogram(0, labels, kNow - age, histogram));
    ASSERT_TRUE(appender_->Commit());
  }
  std::string All(const Labels& external = {}) {
    return Federate(*store_, Selectors({{Is("__name__", ".+", Matcher::Type::kRegex)}}), kNow, external);
  }
  static std::vector<std::vector<Matcher>> Selectors(std::vector<std::vector<Matcher>> selectors) {
    return selectors;
  }

  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<storage::Appender> appender_;
};

TEST_F(FederateTest, TheNewestSampleOfEachSortedByName) {
  Append({{"__name__", "b"}, {"x", "2"}}, 2.5, 1000);
  Append({{"__name__", "b"}, {"x", "1"}}, 1, 1000);
  Append({{"__name__", "b"}, {"x", "1"}}, 1e9, 10);
  Append({{"__name__", "a"}}, std::numeric_limits<double>::infinity());
  EXPECT_EQ(All(),
            "# TYPE a untyped\n"
            "a +Inf 1700000000000\n"
            "# TYPE b untyped\n"
            "b{x=\"1\"} 1e+09 1699999999990\n"
            "b{x=\"2\"} 2.5 1699999999000\n");
}

TEST_F(FederateTest, SelectorsMeet) {
  Append({{"__name__", "a"}, {"job", "x"}}, 1);
  Append({{"__name__", "a"}, {"job", "y"}}, 2);
  Append({{"__name__", "b"}, {"job", "x"}}, 3);
  EXPECT_EQ(Federate(*store_, Selectors({{Is("__name__", "a")}, {Is("job", "x")}}), kNow, {}),
            "# TYPE a untyped\n"
            "a{job=\"x\"} 1 1700000000000\n"
            "a{job=\"y\"} 2 1700000000000\n"
            "# TYPE b untyped\n"
            "b{job=\"x\"} 3 1700000000000\n");
  EXPECT_EQ(Federate(*store_, {}, kNow, {}), "");
  EXPECT_EQ(Federate(*store_, Selectors({{Is("__name__", "c")}}), kNow, {}), "");
}

TEST_F(FederateTest, WhatIsOldStaleOrAHistogramIsLeftOut) {
  Append({{"__name__", "old"}}, 1, 5 * 60'000);
  Append({{"__name__", "young"}}, 2, 5 * 60'000 - 1);
  Append({{"__name__", "ended"}}, 3, 1000);
  Append({{"__name__", "ended"}}, StaleNan());
  Append({{"__name__", "back"}}, StaleNan(), 1000);
  Append({{"__name__", "back"}}, 4);
  Append({{"__name__", "nan"}}, std::numeric_limits<double>::quiet_NaN());
  Append({{"__name__", "later"}}, 5, -1);
  Append({{"job", "nameless"}}, 6);
  AppendHistogram({{"__name__", "native"}});
  Append({{"__name__", "became_native"}}, 7, 1000);
  AppendHistogram({{"__name__", "became_native"}});
  AppendHistogram({{"__name__", "was_native"}}, 1000);
  Append({{"__name__", "was_native"}}, 8);
  EXPECT_EQ(Federate(*store_, Selectors({{Is("__name__", ".*", Matcher::Type::kRegex)}}), kNow, {}),
            "# TYPE back untyped\nback 4 1700000000000\n"
            "# TYPE nan untyped\nnan NaN 1700000000000\n"
            "# TYPE was_native untyped\nwas_native 8 1700000000000\n"
            "# TYPE young untyped\nyoung 2 1699999700001\n");
}

TEST_F(FederateTest, ExternalLabelsWhereThereAreNone) {
  Append({{"__name__", "a"}, {"cluster", "own"}}, 1);
  Append({{"__name__", "b"}, {"z", "1"}}, 2);
  EXPECT_EQ(All({{"cluster", "eu"}, {"service", "shop"}}),
            "# TYPE a untyped\n"
            "a{cluster=\"own\",service=\"shop\"} 1 1700000000000\n"
            "# TYPE b untyped\n"
            "b{cluster=\"eu\",service=\"shop\",z=\"1\"} 2 1700000000000\n");
}

TEST_F(FederateTest, NamesAndValuesAreEscaped) {
  Append({{"__name__", "http.requests"}, {"net.peer", "a\"b\\c\nd"}, {"broken", "\xff"}}, 1);
  EXPECT_EQ(All(),
            "# TYPE http_requests untyped\n"
            "http_requests{broken=\"\xef\xbf\xbd\",net_peer=\"a\\\"b\\\\c\\nd\"} 1 1700000000000\n");
}

TEST_F(FederateTest, NamesThatBecomeEqualAreThereOnce) {
  Append({{"__name__", "a"}, {"b.c", "1"}, {"b_c", "2"}, {"d-e", "3"}, {"d.e", "4"}}, 1);
  EXPECT_EQ(All(), "# TYPE a untyped\na{b_c=\"2\",d_e=\"3\"} 1 1700000000000\n");
}

TEST_F(FederateTest, TheReply) {
  Append({{"__name__", "a"}}, 1);
  const auto selectors = Selectors({{Is("__name__", "a")}});
  const Scrape reply = AnswerFederation(*store_, selectors, kNow, {});
  EXPECT_EQ(reply.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(reply.body, "# TYPE a untyped\na 1 1700000000000\n");
}

}  // namespace
}  // namespace sidelight::prometheus
