// What exporting costs: 10,000 series collected, encoded, queued and sent to a receiver that only answers,
// which is another process. The CPU is that of all our threads; an export each second may take a tenth of a
// core, 100 ms.
//
// The series: 6,000 counters, 3,000 gauges and 1,000 histograms of 14 bounds, all of which grow between two
// exports.
#include <benchmark/benchmark.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/http/server.h"
#include "core/metrics/registry.h"
#include "core/metrics/self.h"
#include "exporters/delivery/queue.h"
#include "exporters/otlp/exporter.h"

namespace sidelight {
namespace {

[[noreturn]] void Give(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(1);
}

// Takes everything and answers 200, until it is ended.
class Receiver {
 public:
  Receiver() {
    int ports[2];
    if (pipe(ports) != 0) Give("no pipe");
    pid_ = fork();
    if (pid_ == 0) Serve(ports[1]);
    if (read(ports[0], &port_, sizeof port_) != sizeof port_) Give("the receiver does not start");
    close(ports[0]);
    close(ports[1]);
  }
  ~Receiver() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  int port() const { return port_; }

 private:
  [[noreturn]] static void Serve(int tell) {
    http::ServerOptions options{.listen = net::Address::Tcp("127.0.0.1", 0), .max_body_bytes = 64 << 20};
    options.error_page = [](const http::Request&, const http::Failure& failure) {
      return http::Response{.status = failure.status};
    };
    const auto server = http::Server::Start(std::move(options), [](const http::Request&) {
      return http::Response{.content_type = "application/x-protobuf"};
    });
    if (!server) Give(server.error().message);
    const int port = (*server)->address().port();
    if (write(tell, &port, sizeof port) != sizeof port) Give("the port cannot be told");
    while (true) pause();
  }

  pid_t pid_ = 0;
  int port_ = 0;
};

// The live series.
class Load {
 public:
  Load() : registry_(SystemClock(), {.series_limit = 20'000}), shard_(registry_.AddShard()) {
    metrics::Family* const counters = registry_.AddFamily(
        {.name = "http_server_requests_total", .help = "Requests.", .type = MetricType::kCounter});
    metrics::Family* const gauges = registry_.AddFamily(
        {.name = "http_server_active_requests", .help = "Requests under way.", .type = MetricType::kGauge});
    metrics::HistogramOptions buckets;
    buckets.bounds = std::make_shared<const std::vector<double>>(
        std::vector<double>{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10});
    metrics::Family* const histograms = registry_.AddFamily({.name = "http_server_request_duration_seconds",
                                                             .help = "Time that requests take.",
                                                             .unit = "seconds",
                                                             .type = MetricType::kHistogram,
                                                             .histogram = buckets});
    for (int i = 0; i < 6000; ++i) counters_.push_back(shard_->GetCounter(counters, LabelsOf(i)));
    for (int i = 0; i < 3000; ++i) gauges_.push_back(shard_->GetGauge(gauges, LabelsOf(i)));
    for (int i = 0; i < 1000; ++i) histograms_.push_back(shard_->GetHistogram(histograms, LabelsOf(i)));
  }

  void Grow() {
    for (metrics::Counter* const counter : counters_) counter->Add(3);
    for (metrics::Gauge* const gauge : gauges_) gauge->Add(1);
    for (metrics::Histogram* const histogram : histograms_) histogram->Observe(0.07);
  }
  std::shared_ptr<const Snapshot> Collect() const { return registry_.Collect(); }

 private:
  static Labels LabelsOf(int i) {
    const std::string route = "/api/v1/items/" + std::to_string(i) + "/{id}";
    const Label labels[] = {{"http_request_method", "GET"},
                            {"http_response_status_code", "200"},
                            {"http_route", route},
                            {"network_protocol_version", "1.1"},
                            {"tap", "api"},
                            {"url_scheme", "http"}};
    return Labels(std::span<const Label>(labels));
  }

  metrics::Registry registry_;
  metrics::Shard* const shard_;
  std::vector<metrics::Counter*> counters_;
  std::vector<metrics::Gauge*> gauges_;
  std::vector<metrics::Histogram*> histograms_;
};

void Export(benchmark::State& state, otlp::Temporality temporality) {
  const Receiver receiver;
  Load load;
  metrics::Self self;
  const auto queue = delivery::Queue::Open({}, self);
  otlp::Destination destination;
  Result<http::Url> url = http::Url::Parse("http://127.0.0.1:" + std::to_string(receiver.port()));
  if (!url) Give(url.error().message);
  destination.url = *std::move(url);
  destination.target = "/v1/metrics";
  destination.temporality = temporality;
  destination.interval = std::chrono::hours(24);
  const auto exporter = otlp::Exporter::Start(
      {.destination = destination, .resource = {}, .scope = {"sidelight", "0.1.0"}},
      [&] { return load.Collect(); }, *queue, self, SystemClock());
  if (!exporter) Give(exporter.error().message);
  for ([[maybe_unused]] auto _ : state) {
    load.Grow();
    (*exporter)->Export();
    while (queue->Stats().front().entries != 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

BENCHMARK_CAPTURE(Export, cumulative, otlp::Temporality::kCumulative)
    ->MeasureProcessCPUTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Export, delta, otlp::Temporality::kDelta)
    ->MeasureProcessCPUTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sidelight

BENCHMARK_MAIN();
