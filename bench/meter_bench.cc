// What one exchange costs the meter: Started and Ended of a kind that was seen before, with one and with many
// routes; and a path that no cache knows.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "collector/meter/meter.h"
#include "core/base/clock.h"
#include "core/metrics/registry.h"

namespace sidelight::meter {
namespace {

constexpr Duration kIdle = std::chrono::hours(1);

std::vector<RoutePattern> Routes(int count) {
  std::vector<RoutePattern> routes;
  for (int i = 0; i < count; ++i) {
    routes.push_back(*RoutePattern::Parse("/api/v1/resource" + std::to_string(i) + "/{id}"));
  }
  return routes;
}

Exchange Answered(std::string_view path) {
  Exchange exchange;
  exchange.operation = "GET";
  exchange.target = path;
  exchange.protocol_version = "1.1";
  exchange.status = 200;
  exchange.request_bytes = 0;
  exchange.response_bytes = 1024;
  exchange.start = TimePoint(std::chrono::seconds(100));
  exchange.has_first_byte = true;
  exchange.first_byte = exchange.start + std::chrono::microseconds(900);
  exchange.end = exchange.start + std::chrono::microseconds(1000);
  return exchange;
}

void Run(benchmark::State& state, Options options, const std::vector<std::string>& paths) {
  metrics::Registry registry(SystemClock(), {});
  Meter meter(registry, SystemClock(), {.tap = "api"}, std::move(options), kIdle);
  MeterShard sink(&meter, registry.AddShard());
  std::vector<Exchange> exchanges;
  for (const std::string& path : paths) exchanges.push_back(Answered(path));
  size_t next = 0;
  for (auto _ : state) {
    const Exchange& exchange = exchanges[next];
    if (++next == exchanges.size()) next = 0;
    sink.Started(exchange);
    sink.Ended(exchange);
  }
  state.SetItemsProcessed(state.iterations());
}

std::vector<std::string> Paths(int routes, int each) {
  std::vector<std::string> paths;
  for (int id = 0; id < each; ++id) {
    for (int i = 0; i < routes; ++i) {
      paths.push_back("/api/v1/resource" + std::to_string(i) + "/" + std::to_string(id));
    }
  }
  return paths;
}

void BM_Hot(benchmark::State& state) {
  const int routes = static_cast<int>(state.range(0));
  Run(state, {.routes = Routes(routes)}, Paths(routes, 1));
}
BENCHMARK(BM_Hot)->Arg(1)->Arg(50);

void BM_HotPlain(benchmark::State& state) {
  Run(state, {.routes = Routes(1), .naming = {NamingStyle::kPlain, "api"}}, Paths(1, 1));
}
BENCHMARK(BM_HotPlain);

// More paths than the cache holds: each is matched afresh, by a configured route or by what was learned.
void BM_PathMissConfigured(benchmark::State& state) {
  const int routes = static_cast<int>(state.range(0));
  Run(state, {.routes = Routes(routes)}, Paths(routes, 20000 / routes));
}
BENCHMARK(BM_PathMissConfigured)->Arg(1)->Arg(50);

void BM_PathMissLearned(benchmark::State& state) {
  Run(state, {}, Paths(1, 20000));
}
BENCHMARK(BM_PathMissLearned);

}  // namespace
}  // namespace sidelight::meter
