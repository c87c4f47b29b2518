#include "core/storage/float_encoding.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/model/stale.h"
#include "core/storage/whole_number.h"
#include "core/storage/xor_encoding.h"

namespace sidelight::storage {
namespace {

// 0x00-0x7F, whole numbers: the high three bits count steady samples, then one whose step changes by the low
// four bits (zigzag). Otherwise: an XOR code.
constexpr uint8_t kShortRunMax = 7;
constexpr uint64_t kShortChangeMax = 15;
constexpr uint8_t kMediumChange = 0xc0;  // to 0xDF: 13 bits of zigzag, the high five in the code
constexpr uint64_t kMediumChangeMax = 0x1fff;
constexpr uint8_t kMediumChangeEnd = 0xe0;
constexpr uint8_t kChange = 0xe0;  // zigzag varint
constexpr uint8_t kWhole = 0xe3;   // zigzag varint: the value; numbers are whole from here
constexpr uint8_t kRaw = 0xe4;     // eight bytes: the value; numbers are not whole from here

// Among numbers that are not whole, so many whole ones in succession are worth a change of mind.
constexpr uint32_t kWholesToSwitch = 4;

}  // namespace

uint8_t* FloatEncoder::PutFloat(uint8_t* out, uint64_t bits) {
  const uint64_t difference = bits ^ bits_;
  bits_ = bits;
  if (difference != 0) return PutXor(out, difference);
  *out++ = token::kRun;
  return out;
}

uint8_t* FloatEncoder::Append(uint8_t* out, UnixMillis time, double value, UnixMillis start) {
  const int64_t step = WrappingSub(time, time_.time);
  const int64_t step_change = WrappingSub(step, time_.step);
  const int64_t start_change = WrappingSub(start, time_.start);
  const bool stale = IsStale(value);
  int64_t whole = 0;
  const bool is_whole = !stale && ToWhole(value, &whole);
  time_ = {time, step, start};

  if (step_change == 0 && start_change == 0 && !stale && !first_) {
    if (is_whole_ && is_whole) {
      const int64_t change = whole - whole_ - whole_step_;
      const uint64_t folded = ZigZag(change);
      if (folded <= kShortChangeMax) {
        whole_step_ += change;
        whole_ = whole;
        if (change == 0) {
          ++run_;
          return out;
        }
        if (run_ > kShortRunMax) {
          out = PutRun(out, run_);
          run_ = 0;
        }
        *out++ = static_cast<uint8_t>(run_ << 4 | folded);
        run_ = 0;
        return out;
      }
    } else if (!is_whole_ && std::bit_cast<uint64_t>(value) == bits_) {
      ++run_;
      return out;
    }
  }

  out = PutRun(out, run_);
  run_ = 0;
  out = PutStepChange(out, step_change);
  out = PutStartChange(out, start_change);
  if (stale) {
    first_ = false;
    *out++ = token::kStale;
    return out;
  }
  wholes_ = is_whole ? wholes_ + 1 : 0;
  if (first_ || (!is_whole_ && wholes_ >= kWholesToSwitch) || (is_whole_ && !is_whole)) {
    first_ = false;
    is_whole_ = is_whole;
    if (is_whole) {
      whole_ = whole;
      whole_step_ = 0;
      *out++ = kWhole;
      return PutVarint(out, ZigZag(whole));
    }
    bits_ = std::bit_cast<uint64_t>(value);
    *out++ = kRaw;
    std::memcpy(out, &bits_, sizeof(bits_));
    return out + sizeof(bits_);
  }
  if (!is_whole_) return PutFloat(out, std::bit_cast<uint64_t>(value));

  const uint64_t folded = ZigZag(whole - whole_ - whole_step_);
  whole_step_ = whole - whole_;
  whole_ = whole;
  if (folded <= kShortChangeMax) {
    *out++ = static_cast<uint8_t>(folded);
    return out;
  }
  if (folded <= kMediumChangeMax) {
    *out++ = static_cast<uint8_t>(kMediumChange | folded >> 8);
    *out++ = static_cast<uint8_t>(folded);
    return out;
  }
  *out++ = kChange;
  return PutVarint(out, folded);
}

namespace {

// Samples as they are decoded. All of a chunk: what lies outside of the range that was asked for is left out
// afterwards, as that is less work than to look at each sample's time.
struct Decoded {
  // So many samples may be written beyond those that there are, so that a short run needs no loop.
  static constexpr uint32_t kSpare = 8;

  uint32_t size = 0;
  UnixMillis times[kMostChunkSamples + kSpare];
  double values[kMostChunkSamples + kSpare];
  UnixMillis starts[kMostChunkSamples + kSpare];
};

template <bool kStarts>
class Decoder {
 public:
  Decoder(UnixMillis first_time, Decoded* out) : state_{.time = first_time}, out_(*out) {}

  bool Decode(const uint8_t* in, const uint8_t* const end, uint32_t left) {
    const bool sound = DecodeValues(in, end, left);
    FillTimes();
    return sound;
  }

 private:
  bool DecodeValues(const uint8_t* in, const uint8_t* const end, uint32_t left) {
    while (left > 0) {
      if (in == end) {
        Steady(left);
        return true;
      }
      const uint8_t code = *in++;
      uint32_t samples = 1;
      if (code < token::kRun) {
        if (is_whole_) {
          const uint32_t run = code >> 4;
          samples = run + 1;
          if (samples > left) return false;
          ShortRun(run);
          Change(code & 0xfu);
        } else {
          uint64_t difference = 0;
          if (code >= kXorCodes) return false;
          in = GetXor(code, in, end, &difference);
          if (in == nullptr) return false;
          bits_ ^= difference;
          Steady(1);
        }
      } else if (code < token::kRunEnd) {
        samples = GetRun(code, &in, end);
        if (samples == 0 || samples > left) return false;
        Steady(samples);
      } else if (code < kMediumChangeEnd) {
        if (!is_whole_ || in == end) return false;
        Change((code & 0x1fu) << 8 | *in++);
      } else {
        FillTimes();
        if (GetTimeToken(code, &in, end, &state_)) {
          samples = 0;
        } else {
          in = One(code, in, end);
        }
        if (in == nullptr) return false;
      }
      left -= samples;
    }
    return in == end;
  }

  // Times and start timestamps of the samples whose values were decoded since the last time: they change so
  // rarely that they are filled in together.
  void FillTimes() {
    for (; timed_ < out_.size; ++timed_) {
      state_.time = WrappingAdd(state_.time, state_.step);
      out_.times[timed_] = state_.time;
      if (kStarts) out_.starts[timed_] = state_.start;
    }
  }

  void Steady(uint32_t samples) {
    double* const values = out_.values + out_.size;
    for (uint32_t i = 0; i < samples; ++i) {
      if (is_whole_) whole_ = WrappingAdd(whole_, whole_step_);
      values[i] = is_whole_ ? static_cast<double>(whole_) : std::bit_cast<double>(bits_);
    }
    out_.size += samples;
  }

  // At most seven, of whole numbers: whether there are two or three cannot be foretold, and a branch that is
  // guessed wrong costs more than four samples.
  void ShortRun(uint32_t samples) {
    constexpr uint32_t kAtOnce = 4;
    double* const values = out_.values + out_.size;
    int64_t whole = whole_;
    for (uint32_t i = 0; i < kAtOnce; ++i) {
      whole = WrappingAdd(whole, whole_step_);
      values[i] = static_cast<double>(whole);
    }
    for (uint32_t i = kAtOnce; i < samples; ++i) {
      whole = WrappingAdd(whole, whole_step_);
      values[i] = static_cast<double>(whole);
    }
    whole_ =
        static_cast<int64_t>(static_cast<uint64_t>(whole_) + static_cast<uint64_t>(whole_step_) * samples);
    out_.size += samples;
  }

  // A sample whose step differs from the one before.
  void Change(uint64_t folded) {
    whole_step_ = WrappingAdd(whole_step_, UnZigZag(folded));
    whole_ = WrappingAdd(whole_, whole_step_);
    out_.values[out_.size++] = static_cast<double>(whole_);
  }

  // The rarer tokens, each of one sample. Null when they make no sense.
  const uint8_t* One(uint8_t code, const uint8_t* in, const uint8_t* end) {
    uint64_t folded = 0;
    switch (code) {
      case kChange:
        in = GetVarint(in, end, &folded);
        if (!is_whole_ || in == nullptr) return nullptr;
        Change(folded);
        return in;
      case kWhole:
        in = GetVarint(in, end, &folded);
        if (in == nullptr) return nullptr;
        is_whole_ = true;
        whole_step_ = 0;
        whole_ = UnZigZag(folded);
        Steady(1);
        return in;
      case kRaw:
        if (static_cast<size_t>(end - in) < sizeof(bits_)) return nullptr;
        std::memcpy(&bits_, in, sizeof(bits_));
        is_whole_ = false;
        Steady(1);
        return in + sizeof(bits_);
      case token::kStale:
        out_.values[out_.size++] = StaleNan();
        return in;
      default:
        return nullptr;
    }
  }

  TimeState state_;  // of the last sample that has its time
  Decoded& out_;
  uint32_t timed_ = 0;  // samples that have their times
  bool is_whole_ = true;
  int64_t whole_ = 0;
  int64_t whole_step_ = 0;
  uint64_t bits_ = 0;
};

bool DecodeAll(std::span<const uint8_t> bytes, uint32_t samples, bool starts, UnixMillis first_time,
               Decoded* decoded) {
  if (samples > kMostChunkSamples) return false;
  const uint8_t* const end = bytes.data() + bytes.size();
  return starts ? Decoder<true>(first_time, decoded).Decode(bytes.data(), end, samples)
                : Decoder<false>(first_time, decoded).Decode(bytes.data(), end, samples);
}

}  // namespace

bool DecodeFloats(std::span<const uint8_t> bytes, uint32_t samples, bool starts, UnixMillis first_time,
                  UnixMillis from, UnixMillis to, Samples* out) {
  Decoded decoded;
  const bool sound = DecodeAll(bytes, samples, starts, first_time, &decoded);
  const UnixMillis* const times = decoded.times;
  uint32_t first = 0;
  uint32_t last = decoded.size;
  if (first_time < from) first = static_cast<uint32_t>(std::lower_bound(times, times + last, from) - times);
  while (last > first && times[last - 1] > to) --last;
  const size_t before = out->times.size();
  out->times.insert(out->times.end(), times + first, times + last);
  out->values.insert(out->values.end(), decoded.values + first, decoded.values + last);
  if (starts && last > first) {
    out->starts.resize(before);
    out->starts.insert(out->starts.end(), decoded.starts + first, decoded.starts + last);
  } else if (!out->starts.empty()) {
    out->starts.resize(out->times.size());
  }
  return sound;
}

}  // namespace sidelight::storage
