// Evaluates any text as a query over a small store that has floats, stale markers, start timestamps and
// histograms of all kinds. The first two bytes choose the times, the steps and the engine's options. Whatever
// the text, the engine must answer or refuse: within its limits, without a bad number in its arithmetic, with
// a result that is in order.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <variant>

#include "core/storage/store.h"
#include "rules/promql/engine.h"
#include "rules/promql/grid.h"
#include "rules/promql/parser.h"
#include "rules/testing/test_file.h"

namespace sidelight::promql {
namespace {

constexpr uint64_t kMaxSamples = 5000;

constexpr std::string_view kData = R"(
load 30s
  up{job="a",instance="1"} 1x20
  up{job="a",instance="2"} 1 0 1 stale 1 1 _x4 0x9
  up{job="b",instance="1"} 0 NaN Inf -Inf 1e308 -1e308 5e-324 -0 1x12
  requests_total{job="a",instance="1",route="/"} 0+10x20
  requests_total{job="a",instance="2",route="/"} 5 7 1 stale 3 9 _x5 1+1x8
  latency_bucket{job="a",le="0.1"} 0+1x20
  latency_bucket{job="a",le="1"} 0+3x20
  latency_bucket{job="a",le="5"} 0+2x20
  latency_bucket{job="a",le="+Inf"} 0+4x20
  latency_bucket{job="a",le="x"} 1x20
  target_info{job="a",instance="1",version="1.2"} 1x20
  build_info{job="a",instance="1",commit="c"} 1x8 stale
  one 4
  native{job="a"} {{schema:0 sum:5 count:4 buckets:[1 2 1]}}+{{schema:0 sum:4 count:3 buckets:[1 1 1]}}x10 {{schema:0 sum:1 count:1 buckets:[1]}} stale {{schema:-4 sum:1 count:1 offset:3 buckets:[1]}}
  native{job="b"} {{schema:8 sum:NaN count:9 z_bucket:2 z_bucket_w:0.001 offset:-900 buckets:[1 0 2] n_offset:900 n_buckets:[4]}}x20
  custom{job="a"} {{schema:-53 sum:5 count:6 custom_values:[-1 0 2] buckets:[1 2 1 2]}}x9 {{schema:-53 sum:5 count:6 custom_values:[0 2 5] buckets:[1 2 1 2]}}x9
  gauge_histogram {{schema:1 sum:1e300 count:1e300 offset:1000000 buckets:[1e300] counter_reset_hint:gauge}}x5 {{schema:0 count:1 offset:-1000000 buckets:[1] counter_reset_hint:gauge}}x5
  mixed 1 2 {{schema:0 sum:1 count:1 buckets:[1]}} 3 {{schema:-53 sum:1 count:1 custom_values:[5] buckets:[1]}} {{}} 4 _x3 {{count:NaN sum:Inf}} 5
  empty{job="a"} {{}}x20
)";

constexpr std::string_view kStarted = R"(
load 30s
  started_total@st -10s _ -30sx3 0 -1mx2 -30sx3
  started_total 0+5x13
)";

[[noreturn]] void Abort(const char* what, std::string_view text) {
  std::fprintf(stderr, "%s: %.*s\n", what, static_cast<int>(text.size()), text.data());
  std::abort();
}

void Fill(storage::Store& store, std::string_view script) {
  const auto commands = promqltest::ParseTestFile("data", script, {.experimental = true});
  if (!commands) Abort("the data does not parse", commands.error().message);
  for (const promqltest::Command& command : *commands) {
    const auto* const load = std::get_if<promqltest::LoadCommand>(&command.action);
    if (load == nullptr) continue;
    if (Status loaded = promqltest::Load(*load, *store.MakeAppender()); !loaded) {
      Abort("the data was refused", loaded.error().message);
    }
  }
}

const storage::Store& Data() {
  static const std::unique_ptr<storage::Store> store = [] {
    Result<std::unique_ptr<storage::Store>> opened = storage::Store::Open({.first_zero = false});
    if (!opened) Abort("the store did not open", opened.error().message);
    Fill(**opened, kData);
    Fill(**opened, kStarted);
    return *std::move(opened);
  }();
  return *store;
}

struct When {
  UnixMillis start;
  int64_t step;  // 0: an instant query
  int64_t steps;
};
constexpr std::array kWhen = {
    When{300'000, 0, 1},
    When{600'000, 0, 1},
    When{0, 0, 1},
    When{-1, 0, 1},
    When{kTimeLimit, 0, 1},
    When{-kTimeLimit, 0, 1},
    When{INT64_MAX, 0, 1},
    When{INT64_MIN, 0, 1},
    When{0, 30'000, 20},
    When{299'999, 1, 5},
    When{-60'000, 60'000, 12},
    When{240'000, 15'000, 7},
    When{-kTimeLimit, 1LL << 60, 4},
    When{kTimeLimit - 3, 1, 3},
    When{600'000, 3'600'000, 3},
    When{0, 1, 6000},
};

void Check(const Value& value, const When& when, std::string_view text) {
  const auto* const matrix = std::get_if<Matrix>(&value);
  if (matrix == nullptr) return;
  uint64_t points = 0;
  for (size_t i = 0; i < matrix->size(); ++i) {
    const SampleSeries& series = (*matrix)[i];
    if (i > 0 && when.step != 0 && !((*matrix)[i - 1].labels < series.labels)) {
      Abort("series out of order", text);
    }
    points += series.floats.size() + series.histograms.size();
    for (size_t p = 1; p < series.floats.size(); ++p) {
      if (series.floats[p - 1].time >= series.floats[p].time) Abort("points out of order", text);
    }
    for (const HistogramPoint& point : series.histograms) (void)point.histogram->ToString();
  }
  if (points > kMaxSamples) Abort("more samples than allowed", text);
}

}  // namespace
}  // namespace sidelight::promql

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sidelight;
  using namespace sidelight::promql;
  if (size < 2) return 0;
  const When when = kWhen[data[0] % kWhen.size()];
  const bool reference = (data[1] & 1) != 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 2), size - 2);
  const Result<ExprPtr> expr = Parse(text, {.experimental = true, .max_length = 1 << 14});
  if (!expr) return 0;
  const Engine engine({.timeout = std::chrono::seconds(2),
                       .max_samples = kMaxSamples,
                       .delayed_name_removal = reference,
                       .start_timestamps = reference},
                      SystemClock());
  const Result<QueryResult> result =
      when.step == 0 ? engine.Instant(Data(), **expr, when.start, {})
                     : engine.Range(Data(), **expr, when.start, when.start + (when.steps - 1) * when.step,
                                    when.step, {});
  if (!result) return 0;
  Check(result->value, when, text);
  (void)result->annotations.Warnings(text, 10);
  (void)result->annotations.Infos(text);
  return 0;
}
