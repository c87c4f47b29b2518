// The stream of a chunk of floats: whole numbers by the difference of differences, everything else by what
// its bits differ from the value before. Written a sample at a time; docs/storage.md describes the tokens.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/base/clock.h"
#include "core/storage/chunk.h"
#include "core/storage/queryable.h"
#include "core/storage/time_encoding.h"

namespace sidelight::storage {

// The most that one sample can add to a stream.
inline constexpr size_t kMaxFloatTokenSize = 48;

class FloatEncoder {
 public:
  // A new stream, whose first sample is the next one appended.
  void Begin(UnixMillis first_time) { *this = FloatEncoder(first_time); }
  explicit FloatEncoder(UnixMillis first_time = 0) { time_.time = first_time; }

  // Writes what the sample adds at `out`, which has room for kMaxFloatTokenSize bytes, and returns the end.
  // Nothing is written for a steady sample: it is among those that a reader adds at the end of the bytes.
  uint8_t* Append(uint8_t* out, UnixMillis time, double value, UnixMillis start);

  const TimeState& time() const { return time_; }

 private:
  uint8_t* PutFloat(uint8_t* out, uint64_t bits);

  TimeState time_;
  int64_t whole_ = 0;       // the last value, while numbers are whole
  int64_t whole_step_ = 0;  // from the value before it
  uint64_t bits_ = 0;       // the last value, while they are not
  uint32_t run_ = 0;        // steady samples that have not been written
  uint32_t wholes_ = 0;     // whole numbers in succession among those that are not
  bool is_whole_ = true;
  bool first_ = true;
};

// Appends the samples of [from, to] to `out`. `starts` as in ChunkTraits. False when the bytes are no stream
// of that many samples, or these are more than kMostChunkSamples; what was read until there is kept.
bool DecodeFloats(std::span<const uint8_t> bytes, uint32_t samples, bool starts, UnixMillis first_time,
                  UnixMillis from, UnixMillis to, Samples* out);

}  // namespace sidelight::storage
