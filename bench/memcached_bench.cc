// What it costs to observe memcached's exchanges. Times are for one command and its answer.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "collector/protocols/memcached/observer.h"

namespace sidelight {
namespace {

// One conversation: what one read of each side gives, and how many commands are in it.
struct Traffic {
  std::string request;
  std::string response;
  int commands = 1;
};

std::string Big(uint64_t number, int bytes) {
  std::string out;
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(number >> (8 * i) & 0xff);
  return out;
}

std::string Packet(uint8_t magic, uint8_t opcode, size_t extras, std::string_view key, size_t value) {
  return Big(magic, 1) + Big(opcode, 1) + Big(key.size(), 2) + Big(extras, 1) + Big(0, 3) +
         Big(extras + key.size() + value, 4) + Big(0, 12) + std::string(extras, '\0') + std::string(key) +
         std::string(value, 'x');
}

Traffic Hit(size_t value) {
  return {"get user:12345:profile\r\n", "VALUE user:12345:profile 0 " + std::to_string(value) + "\r\n" +
                                            std::string(value, 'x') + "\r\nEND\r\n"};
}

Traffic Set(size_t value) {
  return {"set user:12345:profile 0 300 " + std::to_string(value) + "\r\n" + std::string(value, 'x') + "\r\n",
          "STORED\r\n"};
}

Traffic BinaryHit(size_t value) {
  return {Packet(0x80, 0x00, 0, "user:12345:profile", 0), Packet(0x81, 0x00, 4, "", value)};
}

Traffic MultiGet(int keys) {
  Traffic traffic{"get", ""};
  for (int i = 0; i < keys; ++i) {
    const std::string key = "user:" + std::to_string(12345 + i) + ":profile";
    traffic.request += " " + key;
    if (i % 4 != 0) traffic.response += "VALUE " + key + " 0 32\r\n" + std::string(32, 'x') + "\r\n";
  }
  traffic.request += "\r\n";
  traffic.response += "END\r\n";
  return traffic;
}

Traffic Repeat(const Traffic& one, int times) {
  Traffic all{"", "", times};
  for (int i = 0; i < times; ++i) {
    all.request += one.request;
    all.response += one.response;
  }
  return all;
}

class CountingSink final : public ExchangeSink {
 public:
  void Started(const Exchange&) override {}
  void Ended(const Exchange& exchange) override {
    ++ended;
    lookups += static_cast<int64_t>(exchange.cache.size());
  }
  void WentOpaque(OpaqueReason) override { opaque = true; }
  int64_t ended = 0;
  int64_t lookups = 0;
  bool opaque = false;
};

void Observe(benchmark::State& state, const Traffic& traffic) {
  CountingSink sink;
  const auto observer = memcached::MakeObserver(sink);
  const TimePoint t{Duration(1)};
  for (auto _ : state) {
    observer->OnBytes(Direction::kRequest, traffic.request, t);
    observer->OnBytes(Direction::kResponse, traffic.response, t);
  }
  if (sink.opaque || sink.ended != static_cast<int64_t>(state.iterations()) * traffic.commands)
    state.SkipWithError("the observer did not see every exchange");
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) *
                          static_cast<int64_t>(traffic.request.size() + traffic.response.size()));
  state.counters["command"] = benchmark::Counter(
      traffic.commands, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

BENCHMARK_CAPTURE(Observe, get_miss, (Traffic{"get user:12345:profile\r\n", "END\r\n"}));
BENCHMARK_CAPTURE(Observe, get_hit_32, Hit(32));
BENCHMARK_CAPTURE(Observe, get_hit_4KiB, Hit(4096));
BENCHMARK_CAPTURE(Observe, get_pipelined_16, Repeat(Hit(32), 16));
BENCHMARK_CAPTURE(Observe, get_16_keys, MultiGet(16));
BENCHMARK_CAPTURE(Observe, get_100_keys, MultiGet(100));
BENCHMARK_CAPTURE(Observe, set_32, Set(32));
BENCHMARK_CAPTURE(Observe, set_4KiB, Set(4096));
BENCHMARK_CAPTURE(Observe, set_noreply, (Traffic{"set user:1 0 0 4 noreply\r\nabcd\r\n", ""}));
BENCHMARK_CAPTURE(Observe, meta_get, (Traffic{"mg user:12345:profile v\r\n", "VA 4\r\nabcd\r\n"}));
BENCHMARK_CAPTURE(Observe, binary_get_hit_32, BinaryHit(32));
BENCHMARK_CAPTURE(Observe, binary_get_hit_4KiB, BinaryHit(4096));

}  // namespace
}  // namespace sidelight
