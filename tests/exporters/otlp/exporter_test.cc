// Snapshots on their way to a receiver, through the queue and through restarts.
#include "exporters/otlp/exporter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/http/server.h"
#include "core/metrics/registry.h"
#include "core/wire/otlp/decode.h"
#include "tests/core/state/folder.h"

namespace sidelight::otlp {
namespace {

using std::chrono::milliseconds;

// Adds up what it takes.
class Receiver {
 public:
  Receiver() {
    auto server = http::Server::Start(
        {.listen = net::Address::Tcp("127.0.0.1", 0),
         .max_body_bytes = 64 << 20,
         .error_page = [](const http::Request&,
                          const http::Failure& failure) { return http::Response{.status = failure.status}; }},
        [this](const http::Request& request) { return Take(request); });
    EXPECT_TRUE(server);
    server_ = *std::move(server);
  }

  Destination To() const {
    Destination destination;
    EXPECT_TRUE(destination.PointTo("http://" + server_->address().ToString(), false));
    destination.interval = std::chrono::hours(1);
    return destination;
  }
  void Answer(int status) {
    const std::lock_guard lock(mutex_);
    status_ = status;
  }
  bool AwaitRequests(size_t n) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::minutes(1), [&] { return requests_.size() >= n; });
  }
  std::vector<MetricsRequest> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  // Of the series `n`.
  double Sum(const std::string& n) const {
    double sum = 0;
    ForEachPoint(
        [&](const NumberDataPoint& point) { sum += NOf(point) == n ? std::get<double>(point.value) : 0; });
    return sum;
  }
  double Last(const std::string& n) const {
    double last = -1;
    ForEachPoint(
        [&](const NumberDataPoint& point) { last = NOf(point) == n ? std::get<double>(point.value) : last; });
    return last;
  }
  // Whether no time of a series is told of twice.
  bool IsInOrder() const {
    std::map<std::string, uint64_t> ends;
    bool in_order = true;
    ForEachPoint([&](const NumberDataPoint& point) {
      in_order = in_order && point.start_time >= ends[NOf(point)] && point.start_time <= point.time;
      ends[NOf(point)] = point.time;
    });
    return in_order;
  }

 private:
  static std::string NOf(const NumberDataPoint& point) {
    return std::get<std::string>(point.attributes.at(0).value.value);
  }
  template <class Visit>
  void ForEachPoint(const Visit& visit) const {
    for (const MetricsRequest& request : requests()) {
      for (const MetricMessage& metric : request.resources.at(0).scopes.at(0).metrics) {
        if (metric.name != "c_total") continue;
        for (const NumberDataPoint& point : std::get<SumData>(metric.data).points) visit(point);
      }
    }
  }

  http::Response Take(const http::Request& request) {
    const bool json = request.Header("Content-Type") == "application/json";
    Result<MetricsRequest> decoded = json ? DecodeJson(request.body) : DecodeProtobuf(request.body);
    EXPECT_TRUE(decoded) << decoded.error().message;
    const std::lock_guard lock(mutex_);
    if (status_ != 200) return {.status = status_};
    requests_.push_back(*std::move(decoded));
    changed_.notify_all();
    return {};
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<MetricsRequest> requests_;
  int status_ = 200;
  std::unique_ptr<http::Server> server_;  // its threads use what is above
};

// Sidelight from its start to its end.
class Life {
 public:
  Life(const Destination& destination, const std::string& folder)
      : queue_(delivery::Queue::Open({.folder = folder}, self_)),
        family_(registry_.AddFamily({.name = "c_total", .type = MetricType::kCounter})),
        shard_(registry_.AddShard()) {
    auto started = Exporter::Start(
        With(destination), [this] { return registry_.Collect(); }, *queue_, self_, SystemClock());
    EXPECT_TRUE(started) << started.error().message;
    exporter_ = *std::move(started);
  }

  void Count(const std::string& n, double by) { shard_->GetCounter(family_, Labels{{"n", n}})->Add(by); }
  Exporter& exporter() { return *exporter_; }
  void Update(const Destination& destination) { exporter_->Update(With(destination)); }
  // Points that got lost for that reason.
  double Dropped(const std::string& reason) {
    double sum = 0;
    for (const MetricFamily& family : self_.Collect()) {
      if (family.name != "sidelight_export_points_dropped_total") continue;
      for (const Metric& metric : family.metrics)
        sum += metric.labels.Get("reason") == reason ? metric.value : 0;
    }
    return sum;
  }
  void Stop(Duration within) {
    const TimePoint deadline = SystemClock().Now() + within;
    exporter_->BeginStop(deadline);
    exporter_->AwaitStop(deadline);
  }

 private:
  static Exporter::Options With(const Destination& destination) {
    return {.destination = destination,
            .resource = {.attributes = {{"service.name", "test"}}},
            .scope = {.name = "scope", .version = "7"}};
  }

  metrics::Self self_;
  metrics::Registry registry_{SystemClock(), {.series_limit = 100}};
  std::unique_ptr<delivery::Queue> queue_;
  metrics::Family* family_;
  metrics::Shard* shard_;
  std::unique_ptr<Exporter> exporter_;
};

TEST(OtlpExporterTest, EachInterval) {
  for (const bool json : {false, true}) {
    Receiver receiver;
    Destination destination = receiver.To();
    destination.interval = milliseconds(100);
    destination.protocol = json ? Protocol::kHttpJson : Protocol::kHttpProtobuf;
    Life life(destination, "");
    life.Count("a", 3);
    ASSERT_TRUE(receiver.AwaitRequests(receiver.requests().size() + 2)) << "the second one began after it";
    EXPECT_EQ(receiver.Last("a"), 3);
    const ResourceMetrics resource = receiver.requests().at(0).resources.at(0);
    EXPECT_EQ(resource.resource.at(0).key, "service.name");
    EXPECT_EQ(resource.scopes.at(0).scope.name, "scope");
    EXPECT_EQ(resource.scopes.at(0).scope.version, "7");
  }
}

TEST(OtlpExporterTest, TheLastCollectionOnStop) {
  Receiver receiver;
  Life life(receiver.To(), "");
  life.Count("a", 3);
  life.Stop(std::chrono::minutes(1));
  EXPECT_EQ(receiver.requests().size(), 1u);
  EXPECT_EQ(receiver.Last("a"), 3);
}

TEST(OtlpExporterTest, DeltasAddUp) {
  Receiver receiver;
  Destination destination = receiver.To();
  destination.temporality = Temporality::kDelta;
  Life life(destination, "");
  double total = 0;
  for (int i = 0; i < 10; ++i) {
    life.Count("a", i);
    if (i % 3 == 0) life.Count("b", 1);
    total += i;
    life.exporter().Export();
  }
  life.Count("a", 100);
  life.Stop(std::chrono::minutes(1));
  EXPECT_EQ(receiver.Sum("a"), total + 100);
  EXPECT_EQ(receiver.Sum("b"), 4);
  EXPECT_TRUE(receiver.IsInOrder());
}

TEST(OtlpExporterTest, DeltasAddUpThroughRestarts) {
  Receiver receiver;
  const state::Folder folder;
  Destination destination = receiver.To();
  destination.temporality = Temporality::kDelta;
  double total = 0;
  for (int life_number = 1; life_number <= 3; ++life_number) {
    Life life(destination, folder.path());
    for (int i = 0; i < 5; ++i) {
      life.Count("a", i + life_number);
      total += i + life_number;
      life.exporter().Export();
      if (i == 2) receiver.Answer(503);
    }
    life.Count("a", 1000);
    total += 1000;
    // What is not taken waits on disk. It is tried again later than that, and so this does not wait.
    life.Stop(std::chrono::seconds(3));
    receiver.Answer(200);
  }
  {
    Life life(destination, folder.path());
    life.Stop(std::chrono::minutes(1));
  }
  EXPECT_EQ(receiver.Sum("a"), total);
  EXPECT_TRUE(receiver.IsInOrder());
}

TEST(OtlpExporterTest, DeltasGoOnThroughOtherSettings) {
  Receiver receiver;
  Destination destination = receiver.To();
  destination.temporality = Temporality::kDelta;
  Life life(destination, "");
  life.Count("a", 1);
  life.Count("b", 100);
  life.exporter().Export();
  receiver.Answer(503);
  life.Count("a", 20);
  life.exporter().Export();
  receiver.Answer(200);
  destination.protocol = Protocol::kHttpJson;
  destination.metric_relabel_configs = {
      {.action = relabel::Action::kDrop, .source_labels = {"n"}, .regex = "b"}};
  ASSERT_TRUE(destination.metric_relabel_configs[0].Compile());
  life.Update(destination);
  life.Count("a", 300);
  life.Count("b", 100);
  life.exporter().Export();
  destination.metric_relabel_configs.clear();
  life.Update(destination);
  life.Count("a", 4000);
  life.Count("b", 1);
  life.Stop(std::chrono::minutes(1));
  EXPECT_EQ(receiver.Sum("a"), 4321);
  EXPECT_EQ(receiver.Sum("b"), 101) << "what was dropped meanwhile is in no later delta";
  EXPECT_TRUE(receiver.IsInOrder());
}

TEST(OtlpExporterTest, DeltasBeginWhereCumulativeValuesEnd) {
  Receiver receiver;
  Destination destination = receiver.To();
  Life life(destination, "");
  life.Count("a", 1000);
  life.exporter().Export();
  life.Count("a", 1);
  destination.temporality = Temporality::kDelta;
  life.Update(destination);
  ASSERT_TRUE(receiver.AwaitRequests(2));
  EXPECT_EQ(receiver.Last("a"), 1001) << "a last cumulative value";
  life.Count("a", 5);
  life.Stop(std::chrono::minutes(1));
  EXPECT_EQ(receiver.Last("a"), 5);
}

TEST(OtlpExporterTest, OneThatHasNotBegunLeavesNothingBehind) {
  Receiver receiver;
  metrics::Self self;
  const auto queue = delivery::Queue::Open({}, self);
  int collected = 0;
  const auto collect = [&] {
    ++collected;
    return std::make_shared<const Snapshot>();
  };
  {
    const auto prepared =
        Exporter::Prepare({.destination = receiver.To(), .resource = {{{"a", "b"}}}, .scope = {}}, collect,
                          *queue, self, SystemClock());
    ASSERT_TRUE(prepared) << prepared.error().message;
  }
  EXPECT_EQ(collected, 0);
  for (const delivery::Waiting& waiting : queue->Stats()) EXPECT_EQ(waiting.entries, 0u);
  EXPECT_EQ(receiver.requests().size(), 0u);
}

TEST(OtlpExporterTest, AnotherIntervalCountsAtOnce) {
  Receiver receiver;
  Destination destination = receiver.To();
  Life life(destination, "");
  life.Count("a", 1);
  destination.interval = milliseconds(100);
  life.Update(destination);
  EXPECT_TRUE(receiver.AwaitRequests(2)) << "it was an hour before";
}

TEST(OtlpExporterTest, WhatRelabellingMakesTheSameIsCounted) {
  Receiver receiver;
  Destination destination = receiver.To();
  destination.metric_relabel_configs = {
      {.action = relabel::Action::kReplace, .target_label = "n", .replacement = "x"}};
  ASSERT_TRUE(destination.metric_relabel_configs[0].Compile());
  Life life(destination, "");
  life.Count("a", 1);
  life.Count("b", 2);
  life.Count("c", 4);
  life.exporter().Export();
  ASSERT_TRUE(receiver.AwaitRequests(1));
  EXPECT_EQ(receiver.Last("x"), 1);
  EXPECT_EQ(life.Dropped("duplicate"), 2);
}

TEST(OtlpExporterTest, RequestsThatServersTake) {
  Receiver receiver;
  metrics::Self self;
  const auto queue = delivery::Queue::Open({}, self);
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->time = SystemClock().UnixNow();
  MetricFamily& family = snapshot->families.emplace_back();
  family.name = "g";
  family.type = MetricType::kGauge;
  for (int i = 0; i < 3000; ++i) {
    Metric& metric = family.metrics.emplace_back();
    metric.labels = Labels{{"n", std::to_string(i) + std::string(2000, 'x')}};
  }
  auto exporter = Exporter::Start(
      {.destination = receiver.To(), .resource = {}, .scope = {}}, [&] { return snapshot; }, *queue, self,
      SystemClock());
  ASSERT_TRUE(exporter);
  (*exporter)->Export();
  ASSERT_TRUE(receiver.AwaitRequests(4))
      << receiver.requests().size() << ": 6 MB in requests of 2 MB at most";
  size_t points = 0;
  for (const MetricsRequest& request : receiver.requests()) points += CountPoints(request);
  EXPECT_EQ(points, 3000u);
}

TEST(OtlpExporterTest, OneExporterForADestination) {
  const Receiver receiver;
  metrics::Self self;
  const auto queue = delivery::Queue::Open({}, self);
  const auto collect = [] { return std::make_shared<const Snapshot>(); };
  const auto start = [&] {
    return Exporter::Start({.destination = receiver.To(), .resource = {}, .scope = {}}, collect, *queue, self,
                           SystemClock());
  };
  const auto first = start();
  ASSERT_TRUE(first);
  const auto second = start();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace sidelight::otlp
