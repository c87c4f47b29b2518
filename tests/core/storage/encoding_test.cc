// The streams of chunks: what is written is read again, in few bytes, and bytes that are no stream are
// refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "core/model/stale.h"
#include "core/storage/bound_text.h"
#include "core/storage/float_encoding.h"
#include "core/storage/histogram_encoding.h"
#include "core/storage/varint.h"

namespace sidelight::storage {
namespace {

struct Sample {
  UnixMillis time;
  double value;
  UnixMillis start = 0;
};

std::vector<uint8_t> Encode(const std::vector<Sample>& samples) {
  std::vector<uint8_t> bytes;
  FloatEncoder encoder(samples[0].time);
  for (const Sample& sample : samples) {
    uint8_t token[kMaxFloatTokenSize];
    uint8_t* const end = encoder.Append(token, sample.time, sample.value, sample.start);
    bytes.insert(bytes.end(), token, end);
  }
  return bytes;
}

std::vector<Sample> Counter(double rate, uint32_t size = kMostChunkSamples) {
  std::vector<Sample> samples;
  for (uint32_t i = 0; i < size; ++i) samples.push_back({1000 * i, std::floor(rate * i)});
  return samples;
}

struct Case {
  const char* name;
  std::vector<Sample> samples;
  size_t bytes;  // at most
};

std::vector<Case> Cases() {
  std::vector<Sample> noise;
  std::vector<Sample> gauge;
  std::vector<Sample> jitter;
  std::mt19937 random(7);
  for (uint32_t i = 0; i < kMostChunkSamples; ++i) {
    noise.push_back({1000 * i, std::uniform_real_distribution<double>()(random)});
    gauge.push_back({1000 * i, static_cast<double>(random() % 100)});
    jitter.push_back({1000 * i + static_cast<UnixMillis>(random() % 3), std::floor(0.7 * i)});
  }
  return {
      {"one", {{5, 1}}, 2},
      {"a constant", Counter(0), 6},
      {"a counter at 1/s", Counter(1), 8},
      {"a counter at 0.3/s", Counter(0.3), 90},
      {"a counter at 33.3/s", Counter(33.3), 100},
      {"a gauge of whole numbers", gauge, 260},
      {"noise", noise, 1100},
      {"times that are not quite steady", jitter, 400},
      {"fractions and then whole numbers",
       {{0, 0.5}, {1, 0.25}, {2, 1}, {3, 2}, {4, 3}, {5, 4}, {6, 5}, {7, 5.5}},
       60},
      {"the largest whole numbers", {{0, 0x1p53}, {1, -0x1p53}, {2, 0x1p53}, {3, 0}}, 60},
      {"not numbers", {{0, NAN}, {1, StaleNan()}, {2, INFINITY}, {3, -INFINITY}, {4, -0.0}, {5, 0.0}}, 60},
      {"stale first", {{0, StaleNan()}, {1, 1}, {2, 2}, {3, StaleNan()}, {4, 3}}, 12},
      {"times at the ends", {{INT64_MIN, 1}, {0, 2}, {INT64_MAX, 3}}, 40},
      {"starts", {{10, 1, 5}, {20, 2, 5}, {30, 3, 0}, {40, 4, INT64_MIN}, {50, 5, INT64_MAX}}, 70},
  };
}

TEST(FloatEncodingTest, WhatIsWrittenIsReadInAnyRange) {
  for (const Case& c : Cases()) {
    SCOPED_TRACE(c.name);
    const std::vector<uint8_t> bytes = Encode(c.samples);
    EXPECT_LE(bytes.size(), c.bytes);
    const auto size = static_cast<uint32_t>(c.samples.size());
    const UnixMillis first = c.samples[0].time;
    for (size_t from = 0; from < size; from += 1 + size / 16) {
      for (size_t to = from; to < size; to += 1 + size / 16) {
        Samples read;
        ASSERT_TRUE(DecodeFloats(bytes, size, true, first, c.samples[from].time, c.samples[to].time, &read));
        ASSERT_EQ(read.times.size(), to - from + 1);
        for (size_t i = from; i <= to; ++i) {
          ASSERT_EQ(read.times[i - from], c.samples[i].time) << i;
          ASSERT_EQ(std::bit_cast<uint64_t>(read.values[i - from]),
                    std::bit_cast<uint64_t>(c.samples[i].value))
              << i;
          ASSERT_EQ(read.starts[i - from], c.samples[i].start) << i;
        }
      }
    }
  }
}

TEST(FloatEncodingTest, EveryPrefixOfASampleStreamIsReadable) {
  // What a reader sees while the writer goes on: fewer samples, and the bytes that there were then.
  for (const Case& c : Cases()) {
    SCOPED_TRACE(c.name);
    for (uint32_t size = 1; size <= c.samples.size(); ++size) {
      const std::vector<Sample> some(c.samples.begin(), c.samples.begin() + size);
      Samples read;
      ASSERT_TRUE(DecodeFloats(Encode(some), size, false, some[0].time, INT64_MIN, INT64_MAX, &read)) << size;
      ASSERT_EQ(read.times.size(), size);
    }
  }
}

TEST(FloatEncodingTest, BytesThatAreNoStreamAreRefused) {
  using Bytes = std::vector<uint8_t>;
  const std::vector<std::pair<Bytes, uint32_t>> cases{
      {{0xe3}, 1},                                      // a varint that is missing
      {{0xe3, 0x80}, 1},                                // and one that is cut off
      {{0xe4, 1, 2, 3}, 1},                             // a raw value that is cut off
      {{0xc0}, 1},                                      // half of a medium change
      {{0xe6}, 1},                                      // no token
      {{0xf0}, 0},                                      // a time without a sample
      {{0x71}, 3},                                      // a run of seven and one, where three are left
      {{0xbf, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}, 9},  // a run beyond 32 bits
      {{0xe4, 0, 0, 0, 0, 0, 0, 0, 0, 0x40}, 2},        // among fractions, a code that is none
      {{0xe4, 0, 0, 0, 0, 0, 0, 0, 0, 0x3f}, 2},        // seven leading bytes and eight more
      {{}, kMostChunkSamples + 1},
  };
  for (size_t i = 0; i < cases.size(); ++i) {
    Samples read;
    EXPECT_FALSE(DecodeFloats(cases[i].first, cases[i].second, false, 0, INT64_MIN, INT64_MAX, &read)) << i;
  }
}

TEST(HistogramEncodingTest, IdleHistogramsTakeNoBytesAndShareOneCopy) {
  auto histogram = std::make_shared<FloatHistogram>();
  histogram->positive_spans = {{0, 160}};
  histogram->positive.assign(160, 3);
  histogram->count = 480;
  std::string bytes;
  HistogramEncoder encoder;
  encoder.Begin(0, *histogram, false, &bytes);
  const size_t layout = bytes.size();
  for (UnixMillis i = 0; i < 100; ++i) encoder.Append(i * 1000, histogram, 0, &bytes);
  EXPECT_LE(bytes.size() - layout, 180U);
  Samples read;
  const std::span<const uint8_t> view(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  ASSERT_TRUE(DecodeHistograms(view, 100, {.kind = ChunkKind::kHistograms}, 0, 0, 1'000'000, &read));
  ASSERT_EQ(read.histograms.size(), 100U);
  EXPECT_EQ(read.histograms[1], read.histograms[99]);
  EXPECT_TRUE(read.histograms[99]->Equals(*histogram));
}

TEST(VarintTest, EveryLengthComesBackAndCutOnesAreRefused) {
  for (int bits = 0; bits <= 64; ++bits) {
    const uint64_t value = bits == 0 ? 0 : ~uint64_t{0} >> (64 - bits);
    uint8_t bytes[kMaxVarintSize];
    const uint8_t* const end = PutVarint(bytes, value);
    uint64_t read = 1;
    EXPECT_EQ(GetVarint(bytes, end, &read), end) << bits;
    EXPECT_EQ(read, value);
    EXPECT_EQ(GetVarint(bytes, end - 1, &read), nullptr) << bits;
    EXPECT_EQ(UnZigZag(ZigZag(static_cast<int64_t>(value))), static_cast<int64_t>(value));
  }
  const uint8_t long_one[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02};
  uint64_t read = 0;
  EXPECT_EQ(GetVarint(long_one, long_one + sizeof(long_one), &read), nullptr);
}

TEST(BoundTextTest, AsTheExpositionsWriteIt) {
  const std::vector<std::pair<double, std::string>> cases{{0.005, "0.005"},   {1, "1"},
                                                          {10, "10"},         {2.5, "2.5"},
                                                          {0.0001, "0.0001"}, {0.00001, "1e-05"},
                                                          {1e6, "1e+06"},     {16777216, "1.6777216e+07"},
                                                          {256, "256"},       {999999, "999999"},
                                                          {-1, "-1"},         {1e21, "1e+21"},
                                                          {INFINITY, "+Inf"}, {-INFINITY, "-Inf"},
                                                          {NAN, "NaN"},       {0, "0"}};
  for (const auto& [bound, text] : cases) EXPECT_EQ(BoundText(bound), text);
}

}  // namespace
}  // namespace sidelight::storage
