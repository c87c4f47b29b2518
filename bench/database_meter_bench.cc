// What one exchange of a cache or database costs the meter, of a kind that was seen before; and what finding
// a key's keyspace costs.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "collector/meter/database_meter.h"
#include "collector/meter/keyspaces.h"
#include "core/base/clock.h"
#include "core/metrics/registry.h"

namespace sidelight::meter {
namespace {

constexpr Protocol kRedis{"redis", nullptr, Traffic::kDatabase, "redis", true};
constexpr Protocol kPostgres{"postgres", nullptr, Traffic::kDatabase, "postgresql", false};

Exchange Answered(std::string_view operation, std::string_view database, std::string_view summary) {
  Exchange exchange;
  exchange.operation = operation;
  exchange.database = database;
  exchange.summary = summary;
  exchange.start = TimePoint(std::chrono::seconds(100));
  exchange.end = exchange.start + std::chrono::microseconds(300);
  return exchange;
}

void Run(benchmark::State& state, const Protocol& protocol, const std::vector<Exchange>& exchanges,
         bool lookups) {
  metrics::Registry registry(SystemClock(), {});
  DatabaseMeter meter(registry, SystemClock(), {.tap = "t"}, protocol, {}, {}, std::chrono::hours(1));
  const auto sink = meter.MakeSink(registry.AddShard());
  const CacheLookup lookup{.keyspace = sink->Keyspace("user:1"), .hits = 1, .misses = 0};
  size_t next = 0;
  for (auto _ : state) {
    Exchange exchange = exchanges[next];
    if (++next == exchanges.size()) next = 0;
    if (lookups) exchange.cache = {&lookup, 1};
    sink->Started(exchange);
    sink->Ended(exchange);
  }
  state.SetItemsProcessed(state.iterations());
}

void BM_CacheCommand(benchmark::State& state) {
  Run(state, kRedis, {Answered("GET", "0", "")}, true);
}
BENCHMARK(BM_CacheCommand);

void BM_SixCacheCommands(benchmark::State& state) {
  std::vector<Exchange> exchanges;
  for (const std::string_view name : {"GET", "SET", "MGET", "HGET", "DEL", "INCR"})
    exchanges.push_back(Answered(name, "0", ""));
  Run(state, kRedis, exchanges, true);
}
BENCHMARK(BM_SixCacheCommands);

void BM_HundredQueries(benchmark::State& state) {
  std::vector<std::string> summaries;
  for (int i = 0; i < 100; ++i)
    summaries.push_back("SELECT table_number_" + std::to_string(i) + " JOIN orders");
  std::vector<Exchange> exchanges;
  for (const std::string& summary : summaries) {
    exchanges.push_back(Answered("", "shop", summary));
    exchanges.back().returned_rows = 3;
  }
  Run(state, kPostgres, exchanges, false);
}
BENCHMARK(BM_HundredQueries);

void Resolve(benchmark::State& state, const std::vector<std::string>& patterns, const std::string& form) {
  std::vector<KeyspacePattern> parsed;
  for (const std::string& pattern : patterns) parsed.push_back(*KeyspacePattern::Parse(pattern));
  Keyspaces keyspaces(std::move(parsed));
  for (const char* const other : {"session:1", "cart:1", "product:1:stock", "rate_limit:1"})
    keyspaces.Resolve(other);
  std::vector<std::string> keys;
  for (int i = 0; i < 256; ++i) {
    std::string key = form;
    const std::string number = std::to_string(100000 + i * 997);
    key.replace(key.find('#'), 1, number);
    keys.push_back(std::move(key));
  }
  size_t next = 0;
  for (auto _ : state) benchmark::DoNotOptimize(keyspaces.Resolve(keys[next++ & 255]));
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK_CAPTURE(Resolve, shape, {}, "user:#");
BENCHMARK_CAPTURE(Resolve, benchmark_key, {}, "key:000000#");
BENCHMARK_CAPTURE(Resolve, three_segments, {}, "user:#:cart");
BENCHMARK_CAPTURE(Resolve, joint, {}, "user_#");
BENCHMARK_CAPTURE(Resolve, uuid, {}, "session:3f2504e0-4f89-11d3-9a0c-0305e8#");
BENCHMARK_CAPTURE(Resolve, first_pattern, {"user:*"}, "user:#");
BENCHMARK_CAPTURE(Resolve, tenth_pattern,
                  {"a:*", "b:*", "c:*", "d:*", "e:*", "f:*", "g:*", "h:*", "i:*", "user:*"}, "user:#");
BENCHMARK_CAPTURE(Resolve, inner_star, {"user:*:cart"}, "user:#:cart");

}  // namespace
}  // namespace sidelight::meter
