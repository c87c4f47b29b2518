// What it costs to observe Redis commands: times are for one command with its reply.
#include <benchmark/benchmark.h>

#include <string>
#include <string_view>

#include "collector/protocols/redis/observer.h"

namespace sidelight {
namespace {

// One conversation: what one read of each side gives, and how many commands are in it.
struct Traffic {
  std::string request;
  std::string response;
  int commands = 1;
};

constexpr std::string_view kGet = "*2\r\n$3\r\nGET\r\n$16\r\nkey:000000012345\r\n";
constexpr std::string_view kSet = "*3\r\n$3\r\nSET\r\n$16\r\nkey:000000012345\r\n";

std::string Bulk(size_t size) {
  return "$" + std::to_string(size) + "\r\n" + std::string(size, 'x') + "\r\n";
}

Traffic Repeat(const Traffic& one, int times) {
  Traffic all;
  all.commands = times;
  for (int i = 0; i < times; ++i) {
    all.request += one.request;
    all.response += one.response;
  }
  return all;
}

Traffic MultiGet(int keys) {
  Traffic traffic;
  traffic.request = "*" + std::to_string(keys + 1) + "\r\n$4\r\nMGET\r\n";
  traffic.response = "*" + std::to_string(keys) + "\r\n";
  for (int i = 0; i < keys; ++i) {
    traffic.request += "$16\r\nkey:000000012345\r\n";
    traffic.response += i % 8 == 0 ? "$-1\r\n" : Bulk(8);
  }
  return traffic;
}

class CountingSink final : public ExchangeSink {
 public:
  void Started(const Exchange&) override {}
  void Ended(const Exchange&) override { ++ended; }
  void WentOpaque(OpaqueReason) override { opaque = true; }
  uint32_t Keyspace(std::string_view) override { return 1; }
  int64_t ended = 0;
  bool opaque = false;
};

void Observe(benchmark::State& state, const Traffic& traffic) {
  CountingSink sink;
  const auto observer = redis::MakeObserver(sink);
  const TimePoint t{Duration(1)};
  for (auto _ : state) {
    observer->OnBytes(Direction::kRequest, traffic.request, t);
    observer->OnBytes(Direction::kResponse, traffic.response, t);
  }
  if (sink.opaque || sink.ended != static_cast<int64_t>(state.iterations()) * traffic.commands) {
    state.SkipWithError("the observer did not see every command");
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) *
                          static_cast<int64_t>(traffic.request.size() + traffic.response.size()));
  state.counters["command"] =
      benchmark::Counter(static_cast<double>(traffic.commands),
                         benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

BENCHMARK_CAPTURE(Observe, ping, (Traffic{"*1\r\n$4\r\nPING\r\n", "+PONG\r\n"}));
BENCHMARK_CAPTURE(Observe, get_3B, (Traffic{std::string(kGet), Bulk(3)}));
BENCHMARK_CAPTURE(Observe, get_miss, (Traffic{std::string(kGet), "$-1\r\n"}));
BENCHMARK_CAPTURE(Observe, get_4KiB, (Traffic{std::string(kGet), Bulk(4096)}));
BENCHMARK_CAPTURE(Observe, set_3B, (Traffic{std::string(kSet) + Bulk(3), "+OK\r\n"}));
BENCHMARK_CAPTURE(Observe, set_4KiB, (Traffic{std::string(kSet) + Bulk(4096), "+OK\r\n"}));
BENCHMARK_CAPTURE(Observe, get_3B_pipelined_16, (Repeat(Traffic{std::string(kGet), Bulk(3)}, 16)));
BENCHMARK_CAPTURE(Observe, get_3B_pipelined_1000, (Repeat(Traffic{std::string(kGet), Bulk(3)}, 1000)));
BENCHMARK_CAPTURE(Observe, mget_100, MultiGet(100));

}  // namespace
}  // namespace sidelight
