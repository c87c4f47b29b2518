// What it costs to observe HTTP/1 exchanges, beside bare llhttp over the same bytes. Times are for one
// exchange.
#include <benchmark/benchmark.h>
#include <llhttp.h>

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "collector/protocols/http1/observer.h"

namespace sidelight {
namespace {

// One conversation: what one read of each side gives, and how many exchanges are in it.
struct Traffic {
  std::string request;
  std::string response;
  int exchanges = 1;
};

// 152 bytes, as a load driver and most clients send.
constexpr std::string_view kGet =
    "GET /api/v1/orders/12345?expand=items HTTP/1.1\r\n"
    "Host: shop.example.org\r\n"
    "User-Agent: curl/7.88.1\r\n"
    "Accept: application/json\r\n"
    "X-Request-Id: 0123456789abc\r\n\r\n";

// About 200 bytes, as nginx sends.
std::string Head(std::string_view framing) {
  return "HTTP/1.1 200 OK\r\n"
         "Server: nginx/1.22.1\r\n"
         "Date: Fri, 20 Nov 2026 21:40:00 GMT\r\n"
         "Content-Type: application/json\r\n"
         "Last-Modified: Fri, 20 Nov 2026 20:40:00 GMT\r\n"
         "Connection: keep-alive\r\n" +
         std::string(framing) + "\r\n\r\n";
}

std::string Sized(size_t body) {
  return Head("Content-Length: " + std::to_string(body)) + std::string(body, 'x');
}

Traffic Repeat(const Traffic& one, int times) {
  Traffic all;
  all.exchanges = times;
  for (int i = 0; i < times; ++i) {
    all.request += one.request;
    all.response += one.response;
  }
  return all;
}

Traffic Chunked(size_t chunk, int chunks) {
  char size[17];
  std::snprintf(size, sizeof size, "%zx", chunk);
  Traffic traffic{std::string(kGet), Head("Transfer-Encoding: chunked")};
  for (int i = 0; i < chunks; ++i)
    traffic.response += std::string(size) + "\r\n" + std::string(chunk, 'x') + "\r\n";
  traffic.response += "0\r\n\r\n";
  return traffic;
}

class CountingSink final : public ExchangeSink {
 public:
  void Started(const Exchange&) override {}
  void Ended(const Exchange&) override { ++ended; }
  void WentOpaque(OpaqueReason) override { opaque = true; }
  int64_t ended = 0;
  bool opaque = false;
};

void PerExchange(benchmark::State& state, const Traffic& traffic) {
  state.counters["exchange"] =
      benchmark::Counter(static_cast<double>(traffic.exchanges),
                         benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void Observe(benchmark::State& state, const Traffic& traffic) {
  CountingSink sink;
  const auto observer = http1::MakeObserver(sink);
  const TimePoint t{Duration(1)};
  for (auto _ : state) {
    observer->OnBytes(Direction::kRequest, traffic.request, t);
    observer->OnBytes(Direction::kResponse, traffic.response, t);
  }
  if (sink.opaque || sink.ended != static_cast<int64_t>(state.iterations()) * traffic.exchanges) {
    state.SkipWithError("the observer did not see every exchange");
  }
  PerExchange(state, traffic);
}

void Llhttp(benchmark::State& state, const Traffic& traffic) {
  llhttp_settings_t settings;
  llhttp_settings_init(&settings);
  llhttp_t request;
  llhttp_t response;
  llhttp_init(&request, HTTP_REQUEST, &settings);
  llhttp_init(&response, HTTP_RESPONSE, &settings);
  for (auto _ : state) {
    if (llhttp_execute(&request, traffic.request.data(), traffic.request.size()) != HPE_OK ||
        llhttp_execute(&response, traffic.response.data(), traffic.response.size()) != HPE_OK) {
      state.SkipWithError("llhttp refused the bytes");
      break;
    }
  }
  PerExchange(state, traffic);
}

// llhttp first, so that each ratio is between neighbours.
#define SIDELIGHT_PAIR(name, traffic)       \
  BENCHMARK_CAPTURE(Llhttp, name, traffic); \
  BENCHMARK_CAPTURE(Observe, name, traffic)

SIDELIGHT_PAIR(get_empty, (Traffic{std::string(kGet), Sized(0)}));
SIDELIGHT_PAIR(get_1KiB, (Traffic{std::string(kGet), Sized(1024)}));
SIDELIGHT_PAIR(get_64KiB, (Traffic{std::string(kGet), Sized(65536)}));
SIDELIGHT_PAIR(pipelined_16, (Repeat(Traffic{std::string(kGet), Sized(64)}, 16)));
SIDELIGHT_PAIR(chunked_4x1KiB, Chunked(1024, 4));

}  // namespace
}  // namespace sidelight
