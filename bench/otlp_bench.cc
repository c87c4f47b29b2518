// A snapshot of 10,000 series as an OTLP request: ours, and protobuf's generated classes (bench/otlp), which
// are the yardstick: at least 5 times faster for the same message.
//
// The series: 6,000 counters and 3,000 gauges with six labels, of which 600 have an exemplar, and 1,000
// histograms of 14 bounds.
#include <benchmark/benchmark.h>
#include <google/protobuf/arena.h>
#include <time.h>

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "bench/otlp/yardstick.pb.h"
#include "core/model/naming.h"
#include "core/model/snapshot.h"
#include "core/wire/otlp/decode.h"
#include "core/wire/otlp/encode.h"

namespace sidelight {
namespace {

constexpr UnixMillis kTime = 1'700'000'000'000;
constexpr UnixMillis kStart = kTime - 3'600'000;
constexpr uint64_t kNanos = 1'000'000;
const char* const kMethods[] = {"GET", "POST", "PUT", "DELETE", "HEAD"};
const char* const kStatuses[] = {"200", "201", "301", "304", "400", "401", "404", "429", "500", "503"};

Labels LabelsOf(int i) {
  const std::string route = "/api/v1/items/" + std::to_string(i / 50) + "/{id}";
  const Label labels[] = {{"http_request_method", kMethods[i % 5]},
                          {"http_response_status_code", kStatuses[i / 5 % 10]},
                          {"http_route", route},
                          {"network_protocol_version", "1.1"},
                          {"tap", "api"},
                          {"url_scheme", "http"}};
  return Labels(std::span<const Label>(labels));
}

Exemplar ExemplarOf(int i) {
  Exemplar exemplar;
  exemplar.id.trace.fill(static_cast<uint8_t>(i % 250 + 1));
  exemplar.id.span.fill(static_cast<uint8_t>(i % 250 + 1));
  exemplar.value = 0.25 * i;
  exemplar.time = kTime - 5;
  return exemplar;
}

Snapshot MakeSnapshot() {
  Snapshot snapshot;
  snapshot.time = kTime;
  MetricFamily counters{.name = "http_server_requests_total",
                        .help = "Requests.",
                        .type = MetricType::kCounter,
                        .otel_name = "http.server.requests",
                        .otel_unit = "{request}"};
  for (int i = 0; i < 6000; ++i) {
    Metric& metric = counters.metrics.emplace_back();
    metric = {.labels = LabelsOf(i), .start = kStart, .value = 1000.0 + i * 7};
    if (i % 10 == 0) metric.exemplar = ExemplarOf(i);
  }
  MetricFamily gauges{.name = "http_server_active_requests",
                      .help = "Requests that have begun and not ended.",
                      .type = MetricType::kGauge,
                      .otel_name = "http.server.active_requests",
                      .otel_unit = "{request}"};
  for (int i = 0; i < 3000; ++i) gauges.metrics.push_back({.labels = LabelsOf(i), .value = 0.5 * i});
  MetricFamily histograms{.name = "http_server_request_duration_seconds",
                          .help = "Time from a request's first byte to its answer's last.",
                          .unit = "seconds",
                          .type = MetricType::kHistogram,
                          .otel_name = "http.server.request.duration",
                          .otel_unit = "s"};
  const auto bounds = std::make_shared<const std::vector<double>>(
      std::vector<double>{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10});
  for (int i = 0; i < 1000; ++i) {
    Histogram histogram;
    histogram.classic.bounds = bounds;
    for (uint64_t b = 0; b <= bounds->size(); ++b) {
      histogram.classic.counts.push_back(b * static_cast<uint64_t>(i));
      histogram.count += histogram.classic.counts.back();
    }
    histogram.sum = 0.125 * i;
    histograms.metrics.push_back({.labels = LabelsOf(i),
                                  .start = kStart,
                                  .histogram = std::make_shared<const Histogram>(std::move(histogram))});
  }
  snapshot.families = {std::move(gauges), std::move(histograms), std::move(counters)};
  return snapshot;
}

const Snapshot& TheSnapshot() {
  static const auto* const snapshot = new Snapshot(MakeSnapshot());
  return *snapshot;
}

const otlp::Resource& TheResource() {
  static const auto* const resource = new otlp::Resource{{{"service.name", std::string("checkout")}}};
  return *resource;
}
const otlp::Scope kScope = {"sidelight", "0.1.0"};

// Their side of the table of names: what each label of the snapshot is called, looked up once.
struct Keys {
  std::vector<std::pair<std::string, bool>> names;  // and whether it is an integer
  Keys() {
    for (const Label label : TheSnapshot().families.front().metrics.front().labels) {
      const OtelAttribute attribute = AttributeOfLabel(label.name);
      names.emplace_back(attribute.name, attribute.kind == AttributeKind::kInteger);
    }
  }
  static const Keys& Get() {
    static const auto* const keys = new Keys;
    return *keys;
  }
};

template <class Point>
void FillPoint(Point* point, const Metric& metric) {
  const Keys& keys = Keys::Get();
  if (metric.start != 0) point->set_start_time_unix_nano(static_cast<uint64_t>(metric.start) * kNanos);
  point->set_time_unix_nano(static_cast<uint64_t>(kTime) * kNanos);
  point->mutable_attributes()->Reserve(static_cast<int>(metric.labels.size()));
  for (size_t i = 0; i < metric.labels.size(); ++i) {
    const std::string_view value = metric.labels[i].value;
    sidelight_bench::KeyValue* const attribute = point->add_attributes();
    attribute->set_key(keys.names[i].first);
    if (keys.names[i].second) {
      int64_t number = 0;
      std::from_chars(value.data(), value.data() + value.size(), number);
      attribute->mutable_value()->set_int_value(number);
    } else {
      attribute->mutable_value()->set_string_value(value.data(), value.size());
    }
  }
}

void FillExemplar(sidelight_bench::Exemplar* out, const Exemplar& exemplar) {
  out->set_time_unix_nano(static_cast<uint64_t>(exemplar.time) * kNanos);
  out->set_as_double(exemplar.value);
  out->set_span_id(exemplar.id.span.data(), exemplar.id.span.size());
  out->set_trace_id(exemplar.id.trace.data(), exemplar.id.trace.size());
}

void Fill(sidelight_bench::Request* request) {
  sidelight_bench::ResourceMetrics* const resource = request->add_resource_metrics();
  sidelight_bench::KeyValue* const service = resource->mutable_resource()->add_attributes();
  service->set_key("service.name");
  service->mutable_value()->set_string_value("checkout");
  sidelight_bench::ScopeMetrics* const scope = resource->add_scope_metrics();
  scope->mutable_scope()->set_name(kScope.name);
  scope->mutable_scope()->set_version(kScope.version);
  for (const MetricFamily& family : TheSnapshot().families) {
    sidelight_bench::Metric* const metric = scope->add_metrics();
    metric->set_name(family.otel_name);
    metric->set_description(family.help);
    metric->set_unit(family.otel_unit);
    const int size = static_cast<int>(family.metrics.size());
    if (family.type == MetricType::kHistogram) {
      sidelight_bench::Histogram* const data = metric->mutable_histogram();
      data->set_aggregation_temporality(2);
      data->mutable_data_points()->Reserve(size);
      for (const Metric& series : family.metrics) {
        sidelight_bench::HistogramPoint* const point = data->add_data_points();
        FillPoint(point, series);
        const Histogram& histogram = *series.histogram;
        point->set_count(histogram.count);
        point->set_sum(histogram.sum);
        point->mutable_bucket_counts()->Add(histogram.classic.counts.begin(), histogram.classic.counts.end());
        point->mutable_explicit_bounds()->Add(histogram.classic.bounds->begin(),
                                              histogram.classic.bounds->end());
      }
      continue;
    }
    google::protobuf::RepeatedPtrField<sidelight_bench::NumberPoint>* points = nullptr;
    if (family.type == MetricType::kCounter) {
      metric->mutable_sum()->set_aggregation_temporality(2);
      metric->mutable_sum()->set_is_monotonic(true);
      points = metric->mutable_sum()->mutable_data_points();
    } else {
      points = metric->mutable_gauge()->mutable_data_points();
    }
    points->Reserve(size);
    for (const Metric& series : family.metrics) {
      sidelight_bench::NumberPoint* const point = points->Add();
      FillPoint(point, series);
      point->set_as_double(series.value);
      if (series.exemplar) FillExemplar(point->add_exemplars(), *series.exemplar);
    }
  }
}

const sidelight_bench::Request& TheirMessage() {
  static const sidelight_bench::Request* const message = [] {
    auto* const request = new sidelight_bench::Request;
    Fill(request);
    return request;
  }();
  return *message;
}

std::string Ours(otlp::Encoding encoding = otlp::Encoding::kProtobuf) {
  return std::move(
      otlp::EncodeMetrics(TheSnapshot(), TheResource(), kScope, {.encoding = encoding}).front().body);
}

std::string FillAndSerialize() {
  google::protobuf::Arena arena;
  auto* const request = google::protobuf::Arena::CreateMessage<sidelight_bench::Request>(&arena);
  Fill(request);
  return request->SerializeAsString();
}

void RequireSameMessage() {
  sidelight_bench::Request ours;
  if (!ours.ParseFromString(Ours()) || ours.SerializeAsString() != TheirMessage().SerializeAsString()) {
    std::cerr << "the messages differ: there is nothing to compare\n";
    std::exit(1);
  }
}

template <class Body>
void Measure(benchmark::State& state, const Body& body) {
  RequireSameMessage();
  size_t bytes = 0;
  for (auto _ : state) {
    const std::string out = body();
    bytes += out.size();
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(static_cast<int64_t>(bytes));
}

void Encode(benchmark::State& state) {
  Measure(state, [] { return Ours(); });
}
BENCHMARK(Encode)->Unit(benchmark::kMicrosecond);

void EncodeJson(benchmark::State& state) {
  Measure(state, [] { return Ours(otlp::Encoding::kJson); });
}
BENCHMARK(EncodeJson)->Unit(benchmark::kMicrosecond);

void Decode(benchmark::State& state) {
  const std::string body = Ours();
  for (auto _ : state) benchmark::DoNotOptimize(otlp::DecodeProtobuf(body)->resources.size());
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * body.size()));
}
BENCHMARK(Decode)->Unit(benchmark::kMicrosecond);

void DecodeJson(benchmark::State& state) {
  const std::string body = Ours(otlp::Encoding::kJson);
  for (auto _ : state) benchmark::DoNotOptimize(otlp::DecodeJson(body)->resources.size());
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * body.size()));
}
BENCHMARK(DecodeJson)->Unit(benchmark::kMicrosecond);

void ProtobufParse(benchmark::State& state) {
  const std::string body = Ours();
  for (auto _ : state) {
    sidelight_bench::Request request;
    benchmark::DoNotOptimize(request.ParseFromString(body));
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * body.size()));
}
BENCHMARK(ProtobufParse)->Unit(benchmark::kMicrosecond);

void ProtobufFillAndSerialize(benchmark::State& state) {
  Measure(state, FillAndSerialize);
}
BENCHMARK(ProtobufFillAndSerialize)->Unit(benchmark::kMicrosecond);

void ProtobufSerialize(benchmark::State& state) {
  Measure(state, [] { return TheirMessage().SerializeAsString(); });
}
BENCHMARK(ProtobufSerialize)->Unit(benchmark::kMicrosecond);

std::chrono::nanoseconds CpuTime() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

// In turns, so that the machine's moods strike all alike. `fill_and_serialize` is the budget, at least 5:
// from the snapshot to the bytes, which is what we do in one go; theirs with an arena, which is their fastest
// way. `serialize` is with a message that stands filled already.
void Ratio(benchmark::State& state) {
  RequireSameMessage();
  constexpr int kOursPerTheirs = 5;
  std::chrono::nanoseconds ours{};
  std::chrono::nanoseconds filled{};
  std::chrono::nanoseconds serialized{};
  for (auto _ : state) {
    const auto start = CpuTime();
    benchmark::DoNotOptimize(FillAndSerialize());
    const auto second = CpuTime();
    benchmark::DoNotOptimize(TheirMessage().SerializeAsString());
    const auto third = CpuTime();
    for (int i = 0; i < kOursPerTheirs; ++i) benchmark::DoNotOptimize(Ours());
    filled += second - start;
    serialized += third - second;
    ours += (CpuTime() - third) / kOursPerTheirs;
  }
  const auto ratio = [&](std::chrono::nanoseconds theirs) {
    return static_cast<double>(theirs.count()) / static_cast<double>(ours.count());
  };
  state.counters["fill_and_serialize"] = ratio(filled);
  state.counters["serialize"] = ratio(serialized);
}
BENCHMARK(Ratio)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace sidelight
