// What the streams of float and of histogram chunks have in common: tokens for times, start timestamps and
// runs of steady samples. docs/storage.md describes them.
#pragma once

#include <cstdint>

#include "core/base/clock.h"
#include "core/storage/varint.h"

namespace sidelight::storage::token {

inline constexpr uint8_t kRun = 0x80;  // to 0xBF: (low six bits + 1) steady samples; 0xBF: and a varint more
inline constexpr uint8_t kRunEnd = 0xc0;     // the first that is no run
inline constexpr uint32_t kRunInline = 63;   // that one byte says
inline constexpr uint8_t kTime = 0xe1;       // zigzag varint: added to the distance between samples
inline constexpr uint8_t kStart = 0xe2;      // zigzag varint: added to the start timestamp
inline constexpr uint8_t kStale = 0xe5;      // a sample: a stale marker
inline constexpr uint8_t kSmallTime = 0xf0;  // to 0xFF: -8 to -1 and 1 to 8, as kTime

}  // namespace sidelight::storage::token

namespace sidelight::storage {

// Where a stream stands in time: the same for who writes and who reads it.
struct TimeState {
  UnixMillis time = 0;  // of the last sample; before the first: that of the first
  int64_t step = 0;     // from the sample before it
  UnixMillis start = 0;
};

inline uint8_t* PutRun(uint8_t* out, uint32_t samples) {
  if (samples == 0) return out;
  if (samples <= token::kRunInline) {
    *out++ = static_cast<uint8_t>(token::kRun + samples - 1);
    return out;
  }
  *out++ = token::kRun + token::kRunInline;
  return PutVarint(out, samples - token::kRunInline - 1);
}

inline uint8_t* PutStepChange(uint8_t* out, int64_t change) {
  if (change == 0) return out;
  if (change >= -8 && change <= 8) {
    *out++ = static_cast<uint8_t>(token::kSmallTime + (change < 0 ? change + 8 : change + 7));
    return out;
  }
  *out++ = token::kTime;
  return PutVarint(out, ZigZag(change));
}

inline uint8_t* PutStartChange(uint8_t* out, int64_t change) {
  if (change == 0) return out;
  *out++ = token::kStart;
  return PutVarint(out, ZigZag(change));
}

// Reads a token of time or start timestamp, of which `code` is the first byte. False when it is none; null in
// `*in` when it is cut off.
inline bool GetTimeToken(uint8_t code, const uint8_t** in, const uint8_t* end, TimeState* state) {
  if (code >= token::kSmallTime) {
    const int k = code - token::kSmallTime;
    state->step = WrappingAdd(state->step, k < 8 ? k - 8 : k - 7);
    return true;
  }
  if (code != token::kTime && code != token::kStart) return false;
  uint64_t folded = 0;
  *in = GetVarint(*in, end, &folded);
  int64_t* const changed = code == token::kTime ? &state->step : &state->start;
  if (*in != nullptr) *changed = WrappingAdd(*changed, UnZigZag(folded));
  return true;
}

// The samples of a run, of which `code` is the first byte; 0 when it is cut off.
inline uint32_t GetRun(uint8_t code, const uint8_t** in, const uint8_t* end) {
  const uint32_t samples = (code & 0x3fu) + 1;
  if (samples <= token::kRunInline) return samples;
  uint64_t more = 0;
  *in = GetVarint(*in, end, &more);
  if (*in == nullptr || more > UINT32_MAX - samples) return 0;
  return samples + static_cast<uint32_t>(more);
}

}  // namespace sidelight::storage
