#include "rules/promql/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "core/storage/store.h"
#include "rules/promql/grid.h"
#include "rules/promql/parser.h"
#include "tests/support/fake_clock.h"

namespace sidelight::promql {
namespace {

using testing::HasSubstr;

constexpr UnixMillis kMinute = 60'000;

class EngineTest : public testing::Test {
 protected:
  void SetUp() override {
    auto store = storage::Store::Open({.first_zero = false});
    ASSERT_TRUE(store.has_value());
    store_ = *std::move(store);
  }

  // Samples at 0, 1m, 2m, ...
  void Load(const Labels& labels, const std::vector<double>& values, UnixMillis start = 0) {
    const auto appender = store_->MakeAppender();
    for (size_t i = 0; i < values.size(); ++i) {
      ASSERT_TRUE(appender->Append(0, labels, static_cast<UnixMillis>(i) * kMinute, values[i], start));
    }
    ASSERT_TRUE(appender->Commit());
  }

  static ExprPtr Parsed(std::string_view text) {
    Result<ExprPtr> expr = Parse(text, {.experimental = true});
    EXPECT_TRUE(expr.has_value()) << expr.error().message;
    return *std::move(expr);
  }
  Result<QueryResult> Instant(std::string_view text, UnixMillis time, EngineOptions options = {},
                              const Engine::Settings& settings = {}) const {
    return Engine(options, clock_).Instant(*store_, *Parsed(text), time, settings);
  }
  Result<QueryResult> Range(std::string_view text, UnixMillis start, UnixMillis end, int64_t step,
                            EngineOptions options = {}) const {
    return Engine(options, clock_).Range(*store_, *Parsed(text), start, end, step, {});
  }

  // "{a="1"} 2, {a="2"} 3" of a vector; the error's text.
  static std::string Text(const Result<QueryResult>& result) {
    if (!result) return "error: " + result.error().message;
    std::string text;
    if (const auto* const vector = std::get_if<Vector>(&result->value)) {
      for (const Sample& sample : *vector) {
        if (!text.empty()) text += ", ";
        text += sample.labels.ToString() + " " + std::to_string(static_cast<int>(sample.value));
      }
    }
    return text;
  }

  FakeClock clock_;
  std::unique_ptr<storage::Store> store_;
};

TEST_F(EngineTest, ResultsAreOfTheTypeOfTheExpression) {
  Load(Labels{{"__name__", "m"}}, {1, 2, 3});
  const UnixMillis now = 2 * kMinute;

  const auto scalar = Instant("1 + 1", now);
  ASSERT_TRUE(scalar.has_value());
  EXPECT_EQ(ResultTypeName(scalar->value), "scalar");
  EXPECT_EQ(std::get<Scalar>(scalar->value).value, 2);
  EXPECT_EQ(std::get<Scalar>(scalar->value).time, now);

  const auto string = Instant("('te\\x78t')", now);
  ASSERT_TRUE(string.has_value());
  EXPECT_EQ(ResultTypeName(string->value), "string");
  EXPECT_EQ(std::get<String>(string->value).value, "text");
  EXPECT_EQ(std::get<String>(string->value).time, now);

  const auto vector = Instant("m offset 1m", now);
  ASSERT_TRUE(vector.has_value());
  EXPECT_EQ(ResultTypeName(vector->value), "vector");
  ASSERT_EQ(std::get<Vector>(vector->value).size(), 1u);
  EXPECT_EQ(std::get<Vector>(vector->value)[0].value, 2);
  EXPECT_EQ(std::get<Vector>(vector->value)[0].time, now) << "the time of the query, not of the sample";

  const auto matrix = Instant("m[2m]", now);
  ASSERT_TRUE(matrix.has_value());
  EXPECT_EQ(ResultTypeName(matrix->value), "matrix");
  const auto& series = std::get<Matrix>(matrix->value);
  ASSERT_EQ(series.size(), 1u);
  ASSERT_EQ(series[0].floats.size(), 2u);
  EXPECT_EQ(series[0].floats[0].time, kMinute) << "the times of the samples";
  EXPECT_EQ(series[0].floats[1].value, 3);

  const auto range = Range("m", 0, 4 * kMinute, 2 * kMinute);
  ASSERT_TRUE(range.has_value());
  const auto& points = std::get<Matrix>(range->value);
  ASSERT_EQ(points.size(), 1u);
  ASSERT_EQ(points[0].floats.size(), 3u);
  EXPECT_EQ(points[0].floats[2].time, 4 * kMinute);

  const auto steps = Range("2", 5, 12, 3);
  ASSERT_TRUE(steps.has_value());
  ASSERT_EQ(std::get<Matrix>(steps->value).at(0).floats.size(), 3u) << "5, 8, 11";
}

TEST_F(EngineTest, RangesAreOfScalarsAndVectors) {
  for (const char* text : {"m[5m]", "m[5m:1m]", "\"text\""}) {
    const auto result = Range(text, 0, 10, 1);
    ASSERT_FALSE(result.has_value()) << text;
    EXPECT_EQ(result.error().code, ErrorCode::kInvalidArgument) << text;
    EXPECT_THAT(result.error().message, HasSubstr("for range query, must be Scalar or instant Vector"))
        << text;
  }
}

TEST_F(EngineTest, MatricesAreSorted) {
  for (const char* value : {"c", "a", "b"}) Load(Labels{{"__name__", "m"}, {"l", value}}, {1, 1});
  for (const auto& result : {Range("m", 0, kMinute, kMinute), Instant("m[1h]", kMinute)}) {
    ASSERT_TRUE(result.has_value());
    const auto& matrix = std::get<Matrix>(result->value);
    ASSERT_EQ(matrix.size(), 3u);
    EXPECT_EQ(matrix[0].labels.Get("l"), "a");
    EXPECT_EQ(matrix[1].labels.Get("l"), "b");
    EXPECT_EQ(matrix[2].labels.Get("l"), "c");
  }
}

TEST_F(EngineTest, TheLookbackIsTheEnginesOrTheQuerys) {
  Load(Labels{{"__name__", "m"}}, {1});
  EXPECT_EQ(Text(Instant("m", 4 * kMinute)), "{__name__=\"m\"} 1");
  EXPECT_EQ(Text(Instant("m", 5 * kMinute)), "");
  EXPECT_EQ(Text(Instant("m", kMinute, {.lookback = std::chrono::seconds(60)})), "");
  EXPECT_EQ(Text(Instant("m", 59'999, {.lookback = std::chrono::seconds(60)})), "{__name__=\"m\"} 1");
  EXPECT_EQ(Text(Instant("m", 50 * kMinute, {}, {.lookback = std::chrono::hours(1)})), "{__name__=\"m\"} 1");
}

TEST_F(EngineTest, SubqueriesHaveAStepOfTheEngines) {
  EXPECT_EQ(Text(Instant("count_over_time(vector(1)[2m:])", 0)), "{} 2");
  EXPECT_EQ(Text(Instant("count_over_time(vector(1)[2m:])", 0,
                         {.default_subquery_step = std::chrono::seconds(10)})),
            "{} 12");
}

TEST_F(EngineTest, NamesGoAtOnceOrAtTheEnd) {
  Load(Labels{{"__name__", "a"}}, {1, 1});
  Load(Labels{{"__name__", "b"}}, {2, 2});
  const EngineOptions at_once{.delayed_name_removal = false};
  const EngineOptions at_the_end{.delayed_name_removal = true};
  struct Case {
    const char* query;
    const char* at_once;
    const char* at_the_end;
  };
  const char* const kTwice = "error: vector cannot contain metrics with the same labelset";
  const Case cases[] = {
      {"a * 2", "{} 2", "{} 2"},
      {"rate(a[2m]) + 3", "{} 3", "{} 3"},
      {"{__name__=~\"a|b\"} * 2", kTwice, kTwice},
      {"sum by (__name__) (rate(a[2m]) + 5)", "{} 5", "{} 5"},
      {"sum by (n) (label_replace({__name__=~\"a|b\"} * 2, \"n\", \"$1\", \"__name__\", \"(.*)\"))", kTwice,
       "{n=\"a\"} 2, {n=\"b\"} 4"},
      {"label_replace(a * 2, \"__name__\", \"c\", \"\", \"\")", "{__name__=\"c\"} 2", "{__name__=\"c\"} 2"},
      {"last_over_time(a[2m])", "{__name__=\"a\"} 1", "{__name__=\"a\"} 1"},
      {"-a", "{} -1", "{} -1"},
      {"a > bool 0", "{} 1", "{} 1"},
      {"a > 0", "{__name__=\"a\"} 1", "{__name__=\"a\"} 1"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(Text(Instant(c.query, kMinute, at_once)), c.at_once) << c.query;
    EXPECT_EQ(Text(Instant(c.query, kMinute, at_the_end)), c.at_the_end) << c.query;
  }
}

// What lost its name becomes one series when no two are there at the same time.
TEST_F(EngineTest, SeriesThatFollowEachOtherAreMerged) {
  const auto appender = store_->MakeAppender();
  ASSERT_TRUE(appender->Append(0, Labels{{"__name__", "a"}}, 0, 1));
  ASSERT_TRUE(appender->Append(0, Labels{{"__name__", "a"}}, kMinute, StaleNan()));
  ASSERT_TRUE(appender->Append(0, Labels{{"__name__", "b"}}, kMinute, 2));
  ASSERT_TRUE(appender->Commit());
  for (const bool delayed : {false, true}) {
    const auto result =
        Range("abs({__name__=~\"a|b\"})", 0, kMinute, kMinute, {.delayed_name_removal = delayed});
    ASSERT_TRUE(result.has_value()) << result.error().message;
    const auto& matrix = std::get<Matrix>(result->value);
    ASSERT_EQ(matrix.size(), 1u);
    ASSERT_EQ(matrix[0].floats.size(), 2u);
    EXPECT_EQ(matrix[0].floats[0].value, 1);
    EXPECT_EQ(matrix[0].floats[1].value, 2);
  }
}

TEST_F(EngineTest, StartTimestampsCountWhenSwitchedOn) {
  Load(Labels{{"__name__", "c_total"}}, {30}, -30'000);
  const char* const query = "increase(c_total[1m])";
  EXPECT_EQ(Text(Instant(query, 0, {.start_timestamps = false})), "");
  EXPECT_EQ(Text(Instant(query, 0, {.start_timestamps = true})), "{} 30");
}

TEST_F(EngineTest, SaysHowManySamplesItRead) {
  Load(Labels{{"__name__", "m"}, {"i", "1"}}, {1, 2, 3});
  Load(Labels{{"__name__", "m"}, {"i", "2"}}, {1, 2, 3});
  EXPECT_EQ(Instant("sum_over_time(m[1h])", 2 * kMinute)->samples_read, 6u);
  EXPECT_EQ(Instant("m{i=\"1\"}", 2 * kMinute)->samples_read, 1u);
  EXPECT_EQ(Instant("1", 0)->samples_read, 0u);
}

TEST_F(EngineTest, AnnotationsComeWithTheResult) {
  Load(Labels{{"__name__", "m"}}, {1, 2, 3});
  const std::string query = "rate(m[1h]) + quantile(2, m)";
  const auto result = Instant(query, 2 * kMinute);
  ASSERT_TRUE(result.has_value());
  EXPECT_THAT(result->annotations.Warnings(query),
              testing::ElementsAre("PromQL warning: quantile value should be between 0 and 1, got 2 (1:24)"));
  EXPECT_THAT(result->annotations.Infos(query),
              testing::ElementsAre("PromQL info: metric might not be a counter, name does not end in "
                                   "_total/_sum/_count/_bucket: \"m\" (1:6)"));
}

TEST_F(EngineTest, TimesFarAwayAreRefusedOrEmpty) {
  Load(Labels{{"__name__", "m"}}, {1, 2, 3});
  for (const UnixMillis time : {INT64_MIN, INT64_MAX, kTimeLimit + 1, -kTimeLimit - 1}) {
    const auto result = Instant("m", time);
    ASSERT_FALSE(result.has_value()) << time;
    EXPECT_EQ(result.error().code, ErrorCode::kInvalidArgument) << time;
  }
  EXPECT_FALSE(Range("m", INT64_MIN, INT64_MAX, 1).has_value());
  for (const UnixMillis time : {kTimeLimit, -kTimeLimit}) {
    for (const char* query : {"m", "m offset 290y", "m offset -290y", "rate(m[290y] offset 290y)",
                              "sum_over_time(m[1d:1h] offset -290y)", "timestamp(m)"}) {
      EXPECT_EQ(Text(Instant(query, time)), "") << query << " at " << time;
    }
    EXPECT_TRUE(Instant("m[290y] offset -290y", time).has_value());
  }
  EXPECT_TRUE(Range("m @ start() + m @ end()", -kTimeLimit, kTimeLimit, kTimeLimit).has_value());
}

// As deep as the parser lets them be: evaluation follows the tree, on a thread's ordinary stack.
TEST_F(EngineTest, DeepExpressions) {
  Load(Labels{{"__name__", "m"}}, {1});
  struct Case {
    const char* before;
    const char* behind;
    int depth;
  };
  const Case cases[] = {
      {"(", ")", 240},
      {"-(", ")", 120},
      {"abs(", ")", 240},
      {"(m + ", ")", 120},
      {"max_over_time(", "[1m:1m])", 120},
      {"sum by (a) (label_replace(", ", \"a\", \"b\", \"\", \"\"))", 120},
      {"histogram_quantile(0.5, ", ")", 240},
      {"info(", ")", 240},
  };
  for (const Case& c : cases) {
    std::string query = "m";
    for (int i = 0; i < c.depth; ++i) query = c.before + query + c.behind;
    const auto result = Instant(query, 0);
    EXPECT_TRUE(result.has_value()) << c.before << ": " << result.error().message;
  }
}

}  // namespace
}  // namespace sidelight::promql
