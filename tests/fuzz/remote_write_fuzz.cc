// Remote write's decoders take any body, compressed or, so that the fuzzer gets past snappy, what is
// compressed here first. What they took is encoded again and must come back the same.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/wire/remote_write/decode.h"
#include "core/wire/remote_write/encode.h"
#include "core/wire/snappy_block.h"

using namespace sidelight;

namespace {

constexpr remote_write::DecodeLimits kLimits = {.max_decoded_bytes = 1 << 20, .max_memory = 1 << 22};

void Require(bool condition) {
  if (!condition) std::abort();
}

void CompareSeries(const std::vector<remote_write::Series>& sent,
                   const std::vector<remote_write::Series>& got) {
  size_t next = 0;
  for (const remote_write::Series& series : sent) {
    if (series.samples.empty() && series.histograms.empty()) continue;
    Require(next < got.size());
    const remote_write::Series& read = got[next++];
    Require(read.samples.size() == series.samples.size());
    Require(read.histograms.size() == series.histograms.size());
    Require(read.exemplars.size() == series.exemplars.size());
    Require(read.labels == series.labels);
    for (size_t i = 0; i < read.histograms.size(); ++i) {
      const FloatHistogram& histogram = *series.histograms[i].histogram;
      // Equals() compares thresholds as numbers, and a NaN is none.
      if (std::isnan(histogram.zero_threshold)) continue;
      Require(read.histograms[i].histogram->Equals(histogram));
    }
  }
  Require(next == got.size());
}

void Check(std::string_view body) {
  if (const auto one = remote_write::Decode1(body, kLimits)) {
    const auto encoded = remote_write::Encode1(one->series, one->metadata, {.native_histograms = true});
    const auto again = remote_write::Decode1(encoded.body);
    Require(again.has_value());
    Require(again->metadata.size() == one->metadata.size());
    CompareSeries(one->series, again->series);
  }
  if (const auto two = remote_write::Decode2(body, kLimits)) {
    const auto again = remote_write::Decode2(remote_write::Encode2(*two).body);
    Require(again.has_value());
    CompareSeries(*two, *again);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Check(bytes);
  Check(wire::SnappyCompress(bytes));
  return 0;
}
