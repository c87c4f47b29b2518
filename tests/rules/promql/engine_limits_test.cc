// What ends a query: its time, whoever gave it cancels it, too many samples, too many queries.
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "rules/promql/engine.h"
#include "rules/promql/parser.h"
#include "tests/support/fake_clock.h"

namespace sidelight::promql {
namespace {

constexpr std::string_view kTooMany =
    "query processing would load too many samples into memory in query execution";

// Any selector finds so many series of so many samples each, one a second up to the time asked for; `on_read`
// is called for each.
class Data final : public storage::Queryable {
 public:
  Data(
      size_t series, size_t samples, std::function<void()> on_read = [] {}, bool histograms = false)
      : on_read_(std::move(on_read)), samples_(samples), histograms_(histograms) {
    for (size_t i = 0; i < series; ++i) series_.push_back(std::make_unique<OneSeries>(*this, i));
    for (const auto& one : series_) pointers_.push_back(one.get());
  }

  std::unique_ptr<storage::Selection> Select(std::span<const Matcher>, UnixMillis,
                                             UnixMillis) const override {
    return std::make_unique<All>(pointers_);
  }
  std::vector<std::string> LabelNames(std::span<const Matcher>, UnixMillis, UnixMillis) const override {
    return {};
  }
  std::vector<std::string> LabelValues(std::string_view, std::span<const Matcher>, UnixMillis,
                                       UnixMillis) const override {
    return {};
  }

 private:
  class OneSeries final : public storage::Series {
   public:
    OneSeries(const Data& data, size_t i)
        : data_(data), labels_({{"__name__", "m"}, {"i", std::to_string(i)}}) {}
    const Labels& labels() const override { return labels_; }
    void Read(UnixMillis, UnixMillis to, storage::Samples* out) const override {
      data_.on_read_();
      for (size_t i = data_.samples_; i-- > 0;) {
        const UnixMillis time = to - static_cast<UnixMillis>(i) * 1000;
        if (data_.histograms_) {
          auto histogram = std::make_shared<FloatHistogram>();
          histogram->positive_spans = {{0, 100}};
          histogram->positive.assign(100, 1);
          out->histogram_times.push_back(time);
          out->histograms.push_back(std::move(histogram));
        } else {
          out->times.push_back(time);
          out->values.push_back(1);
        }
      }
    }

   private:
    const Data& data_;
    const Labels labels_;
  };
  class All final : public storage::Selection {
   public:
    explicit All(std::span<const storage::Series* const> series) : series_(series) {}
    std::span<const storage::Series* const> series() const override { return series_; }

   private:
    std::span<const storage::Series* const> series_;
  };

  const std::function<void()> on_read_;
  const size_t samples_;
  const bool histograms_;
  std::vector<std::unique_ptr<OneSeries>> series_;
  std::vector<const storage::Series*> pointers_;
};

ExprPtr Parsed(std::string_view text) {
  Result<ExprPtr> expr = Parse(text, {.experimental = true});
  EXPECT_TRUE(expr.has_value()) << expr.error().message;
  return *std::move(expr);
}

std::string ErrorOf(const Result<QueryResult>& result, ErrorCode code) {
  if (result) return "no error";
  EXPECT_EQ(result.error().code, code);
  return result.error().message;
}

TEST(EngineLimitsTest, TimeIsUp) {
  FakeClock clock;
  const Data data(5, 1, [&] { clock.Advance(std::chrono::milliseconds(300)); });  // 1.5 s for one selector
  const auto run = [&](Duration of_engine, Duration of_query) {
    const Engine engine({.timeout = of_engine}, clock);
    return ErrorOf(engine.Instant(data, *Parsed("sum(m)"), 0, {.timeout = of_query}), ErrorCode::kTimeout);
  };
  using std::chrono::seconds;
  EXPECT_EQ(run(seconds(2), seconds(0)), "no error");
  EXPECT_EQ(run(seconds(1), seconds(0)), "query timed out in expression evaluation");
  EXPECT_EQ(run(seconds(2), seconds(1)), "query timed out in expression evaluation");
  EXPECT_EQ(run(seconds(1), seconds(60)), "query timed out in expression evaluation")
      << "never more than the engine's";
}

// Within one series of a range function, too, when its windows are long.
TEST(EngineLimitsTest, TimeIsUpWithinALongSeries) {
  class RunningClock final : public Clock {
   public:
    TimePoint Now() const override { return TimePoint(std::chrono::milliseconds(calls_.fetch_add(1))); }
    UnixMillis UnixNow() const override { return 0; }

   private:
    mutable std::atomic<int64_t> calls_{0};
  };
  const RunningClock clock;
  const Data data(1, 5000);
  const Engine engine({.timeout = std::chrono::milliseconds(20)}, clock);
  EXPECT_EQ(ErrorOf(engine.Range(data, *Parsed("quantile_over_time(0.5, m[5000s])"), 0, 100'000, 10, {}),
                    ErrorCode::kTimeout),
            "query timed out in expression evaluation");
}

TEST(EngineLimitsTest, CancelledFromOutside) {
  const FakeClock clock;
  Cancellation cancellation;
  const Data data(5, 1, [&] { cancellation.Cancel(); });
  const Engine engine({}, clock);
  EXPECT_EQ(ErrorOf(engine.Instant(data, *Parsed("sum(m)"), 0, {.cancellation = &cancellation}),
                    ErrorCode::kTimeout),
            "query was canceled in expression evaluation");
  EXPECT_EQ(ErrorOf(engine.Instant(data, *Parsed("sum(m)"), 0, {}), ErrorCode::kTimeout), "no error");
}

TEST(EngineLimitsTest, Samples) {
  const FakeClock clock;
  const Data data(10, 10);
  const Data histograms(
      10, 1, [] {}, true);
  const Engine engine({.max_samples = 110}, clock);
  struct Case {
    const char* query;
    bool fits;
  };
  const std::string long_label = "label_replace(m, \"a\", \"" + std::string(200, 'x') + "\", \"\", \"\")";
  const Case instant[] = {
      {"m", true},
      {"m[1h]", true},                      // 10 × 10, and the series that is being read
      {"sum_over_time(m[1h])", true},       // one series at a time
      {"m[10s:1s]", false},                 // 10 × 10, and what is handed out beside it
      {"sum_over_time(m[50s:1s])", false},  // 10 × 50
      {"vector(1)[1000000h:1ms]", false},   // not even the steps are made
      {"sum_over_time(vector(1)[30s:1s]) + sum_over_time(vector(1)[30s:1s])", true},  // one behind the other
      {"absent_over_time(m[111s:1s])", false},
      {long_label.c_str(), false},  // labels take memory, too
  };
  for (const Case& c : instant) {
    const auto result = engine.Instant(data, *Parsed(c.query), 0, {});
    EXPECT_EQ(ErrorOf(result, ErrorCode::kLimit), c.fits ? "no error" : kTooMany) << c.query;
  }
  const Case range[] = {
      {"1", true}, {"m", false}, {"sum(m)", false}, {"time() + time()", false}, {"time()", true}};
  for (const Case& c : range) {
    const auto result = engine.Range(data, *Parsed(c.query), 0, 49'000, 1000, {});
    EXPECT_EQ(ErrorOf(result, ErrorCode::kLimit), c.fits ? "no error" : kTooMany) << c.query;
  }
  EXPECT_EQ(ErrorOf(engine.Range(data, *Parsed("1"), 0, INT64_MAX / 8, 1, {}), ErrorCode::kLimit), kTooMany);
  // A histogram of 100 buckets is worth more than 50 floats.
  EXPECT_EQ(ErrorOf(engine.Instant(histograms, *Parsed("m"), 0, {}), ErrorCode::kLimit), kTooMany);
}

// How many may run at once, and what becomes of the others.
TEST(EngineLimitsTest, QueriesWaitForTheirTurn) {
  FakeClock clock;
  std::mutex mutex;
  std::condition_variable changed;
  bool inside = false;
  bool may_go = false;
  const Data blocking(1, 1, [&] {
    std::unique_lock lock(mutex);
    inside = true;
    changed.notify_all();
    changed.wait(lock, [&] { return may_go; });
  });
  const Data data(1, 1);
  const Engine engine({.timeout = std::chrono::hours(1'000'000), .max_concurrent = 1}, clock);
  const ExprPtr expr = Parsed("m");

  std::thread first([&] { EXPECT_TRUE(engine.Instant(blocking, *expr, 0, {}).has_value()); });
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return inside; });
  }
  // Its own time passes while it waits for the first one.
  std::atomic<bool> over{false};
  std::thread impatient([&] {
    const auto result = engine.Instant(data, *expr, 0, {.timeout = std::chrono::seconds(1)});
    EXPECT_EQ(ErrorOf(result, ErrorCode::kTimeout), "query timed out in query queue");
    over = true;
  });
  while (!over) {
    clock.Advance(std::chrono::milliseconds(100));
    std::this_thread::yield();
  }
  impatient.join();
  const TimePoint stopped = clock.Now();

  std::thread patient([&] { EXPECT_TRUE(engine.Instant(data, *expr, 0, {}).has_value()); });
  {
    const std::lock_guard lock(mutex);
    may_go = true;
    changed.notify_all();
  }
  // The clock stands, so that only the free place can have let it through.
  patient.join();
  first.join();
  EXPECT_EQ(clock.Now(), stopped);
  EXPECT_TRUE(engine.Instant(data, *expr, 0, {}).has_value()) << "the place is free again";
}

}  // namespace
}  // namespace sidelight::promql
