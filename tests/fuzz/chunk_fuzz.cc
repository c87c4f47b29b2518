// Feeds the decoders of chunks anything: they must never read beyond their input, stay within what a chunk
// can hold, and read in part exactly what they read in whole. Then turns the input into samples, which must
// come back from their streams bit for bit.
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <vector>

#include "core/storage/float_encoding.h"
#include "core/storage/histogram_encoding.h"

using namespace sidelight;
using namespace sidelight::storage;

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

void DecodeAsFloats(std::span<const uint8_t> bytes, uint32_t samples, bool starts) {
  Samples all;
  const bool sound = DecodeFloats(bytes, samples, starts, 1000, INT64_MIN, INT64_MAX, &all);
  Require(all.times.size() == all.values.size());
  Require(all.times.size() <= kMostChunkSamples);
  if (!sound) return;
  Require(all.times.size() == samples);
  Samples again;
  Require(DecodeFloats(bytes, samples, starts, 1000, INT64_MIN, INT64_MAX, &again));
  Require(again.times == all.times);
}

void DecodeAsHistograms(std::span<const uint8_t> bytes, uint32_t samples, const ChunkTraits& traits) {
  Samples all;
  const bool sound = DecodeHistograms(bytes, samples, traits, 1000, INT64_MIN, INT64_MAX, &all);
  Require(all.histogram_times.size() == all.histograms.size());
  Require(all.histograms.size() <= samples);
  if (sound) Require(all.histograms.size() == samples);
}

void RoundTrip(std::span<const uint8_t> bytes) {
  FloatEncoder encoder(0);
  std::vector<uint8_t> stream;
  std::vector<UnixMillis> times;
  std::vector<double> values;
  UnixMillis time = 0;
  // Ten bytes make a sample: how far it is from the one before, and its value.
  for (size_t at = 0; at + 10 <= bytes.size() && times.size() < kMostChunkSamples; at += 10) {
    if (at > 0) time += 1 + (bytes[at] | bytes[at + 1] << 8);
    double value = 0;
    std::memcpy(&value, bytes.data() + at + 2, sizeof(value));
    if (bytes[at] % 2 == 0) value = static_cast<double>(bytes[at + 2] | bytes[at + 3] << 8);
    uint8_t token[kMaxFloatTokenSize];
    uint8_t* const end = encoder.Append(token, time, value, 0);
    stream.insert(stream.end(), token, end);
    times.push_back(time);
    values.push_back(value);
  }
  if (times.empty()) return;
  Samples read;
  Require(DecodeFloats(stream, static_cast<uint32_t>(times.size()), false, 0, INT64_MIN, INT64_MAX, &read));
  Require(read.times == times);
  for (size_t i = 0; i < values.size(); ++i) {
    Require(std::bit_cast<uint64_t>(read.values[i]) == std::bit_cast<uint64_t>(values[i]));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const uint32_t samples = data[0] % (kMostChunkSamples + 2);
  const uint8_t flags = data[1];
  const std::span<const uint8_t> bytes(data + 2, size - 2);
  switch (flags % 4) {
    case 0:
      DecodeAsFloats(bytes, samples, (flags & 4) != 0);
      break;
    case 1:
      DecodeAsHistograms(bytes, samples,
                         {.kind = ChunkKind::kHistograms,
                          .starts = (flags & 4) != 0,
                          .gauge = (flags & 8) != 0,
                          .continues = (flags & 16) != 0,
                          .fractional = (flags & 32) != 0});
      break;
    default:
      RoundTrip(bytes);
  }
  return 0;
}
