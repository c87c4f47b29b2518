#include "bench/query/workload.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <random>
#include <utility>

#include "core/storage/snapshot_appender.h"

namespace sidelight::bench {
namespace {

constexpr std::array kBounds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0};
constexpr size_t kSeriesOfHistogram = kBounds.size() + 3;
constexpr size_t kCounters = Workload::kSeries * 4 / 10;
constexpr size_t kHistograms = (Workload::kSeries - kCounters) / kSeriesOfHistogram;
constexpr std::array kCodes = {"200", "201", "400", "404", "500"};
constexpr double kMeanSeconds = 0.05;

// How many of `all` observations are at most the i-th bound.
uint64_t Below(size_t i, double all) {
  return static_cast<uint64_t>(all * std::sqrt(static_cast<double>(i + 1) / kBounds.size()));
}

}  // namespace

Workload::Workload(UnixMillis origin, double most)
    : origin_(origin), bounds_(std::make_shared<const std::vector<double>>(kBounds.begin(), kBounds.end())) {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> share;
  const auto by_labels = [](const auto& a, const auto& b) { return a.labels < b.labels; };
  for (size_t i = 0; i < kCounters; ++i) {
    const std::string route = fmt::format("/api/v1/r{}", i / (kCounters / kRoutes));
    const std::string pod = fmt::format("checkout-7d9f-{}", i / kCodes.size() % 8);
    const std::string code = kCodes[i % kCodes.size()];
    counters_.push_back(
        {Labels{{"service", "checkout"}, {"route", route}, {"code", code}, {"pod", pod}},
         fmt::format("http_requests_total{{service=\"checkout\",route=\"{}\",code=\"{}\",pod=\"{}\"}}", route,
                     code, pod),
         share(random) * (code == "200" ? most : most / 20)});
  }
  for (size_t i = 0; i < kHistograms; ++i) {
    const std::string route = fmt::format("/api/v1/r{}", i / (kHistograms / kRoutes));
    const std::string pod = fmt::format("checkout-7d9f-{}", i % (kHistograms / kRoutes));
    histograms_.push_back({Labels{{"service", "checkout"}, {"route", route}, {"pod", pod}},
                           fmt::format("service=\"checkout\",route=\"{}\",pod=\"{}\",", route, pod),
                           share(random) * most / 2 + 1});
  }
  std::sort(counters_.begin(), counters_.end(), by_labels);
  std::sort(histograms_.begin(), histograms_.end(), by_labels);
}

Snapshot Workload::At(UnixMillis time) const {
  const double seconds = Seconds(time);
  Snapshot snapshot{.time = time, .families = {}};
  MetricFamily requests{"http_requests_total", "Requests", "", MetricType::kCounter, {}};
  for (const Counter& counter : counters_) {
    Metric& metric = requests.metrics.emplace_back();
    metric.labels = counter.labels;
    metric.start = origin_;
    metric.value = std::floor(counter.rate * seconds);
  }
  MetricFamily latency{"x", "Latency", "", MetricType::kHistogram, {}};
  for (const Histogram& one : histograms_) {
    auto histogram = std::make_shared<sidelight::Histogram>();
    histogram->count = static_cast<uint64_t>(one.rate * seconds);
    histogram->sum = std::floor(one.rate * seconds * kMeanSeconds);
    histogram->classic.bounds = bounds_;
    uint64_t below = 0;
    for (size_t i = 0; i < kBounds.size(); ++i) {
      const uint64_t next = Below(i, one.rate * seconds);
      histogram->classic.counts.push_back(next - below);
      below = next;
    }
    histogram->classic.counts.push_back(histogram->count - below);
    Metric& metric = latency.metrics.emplace_back();
    metric.labels = one.labels;
    metric.start = origin_;
    metric.histogram = std::move(histogram);
  }
  snapshot.families.push_back(std::move(requests));
  snapshot.families.push_back(std::move(latency));
  return snapshot;
}

std::string Workload::Exposition(UnixMillis time) const {
  const double seconds = Seconds(time);
  std::string out;
  const auto to = std::back_inserter(out);
  for (const Counter& counter : counters_) {
    fmt::format_to(to, "{} {} {}\n", counter.text, static_cast<uint64_t>(counter.rate * seconds), time);
  }
  for (const Histogram& one : histograms_) {
    const double all = one.rate * seconds;
    const auto count = static_cast<uint64_t>(all);
    for (size_t i = 0; i < kBounds.size(); ++i) {
      fmt::format_to(to, "x_bucket{{{}le=\"{}\"}} {} {}\n", one.text, kBounds[i], Below(i, all), time);
    }
    const std::string_view labels = std::string_view(one.text).substr(0, one.text.size() - 1);
    fmt::format_to(to, "x_bucket{{{}le=\"+Inf\"}} {} {}\n", one.text, count, time);
    fmt::format_to(to, "x_sum{{{}}} {} {}\n", labels, static_cast<uint64_t>(all * kMeanSeconds), time);
    fmt::format_to(to, "x_count{{{}}} {} {}\n", labels, count, time);
  }
  return out;
}

Labels Target() {
  return Labels{{"job", "checkout"}, {"instance", "pod-1"}};
}

void Fill(const Workload& workload, UnixMillis origin, UnixMillis end, int64_t interval,
          storage::Store* store) {
  storage::SnapshotAppender appender(*store, Target());
  for (UnixMillis time = origin; time <= end; time += interval) {
    appender.Append(workload.At(time));
    store->Maintain(time);
  }
}

std::vector<std::string> RuleExpressions() {
  std::vector<std::string> expressions;
  for (size_t i = 0; i < Workload::kRoutes; ++i) {
    expressions.push_back(fmt::format(
        "sum by (route) (rate(http_requests_total{{route=\"/api/v1/r{0}\",code=~\"5..\"}}[1m])) / "
        "sum by (route) (rate(http_requests_total{{route=\"/api/v1/r{0}\"}}[1m])) > 0.9",
        i));
  }
  return expressions;
}

}  // namespace sidelight::bench
