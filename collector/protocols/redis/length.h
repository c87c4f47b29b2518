// LengthReader: the number at the head of a RESP frame, "123\r\n", in whatever pieces it comes: the length of
// a string, the count of an array, or an integer reply
// (redis.io/docs/latest/develop/reference/protocol-spec).
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

namespace sidelight::redis {

// A whole number of at most nine digits, with its line end, at `at`: returns what is behind it. Null when
// there is no such thing in [at, end): then a LengthReader must look.
inline const char* ReadShortLength(const char* at, const char* end, int64_t& value) {
  constexpr std::ptrdiff_t kMost = 9;
  if (end - at < 3) return nullptr;
  if (at[1] == '\r' && at[2] == '\n' && static_cast<unsigned char>(*at - '0') <= 9) {
    value = *at - '0';
    return at + 3;
  }
  const char* const last = end - at > kMost + 2 ? at + kMost : end - 2;
  const char* const first = at;
  uint32_t number = 0;
  while (at < last && static_cast<unsigned char>(*at - '0') <= 9) {
    number = number * 10 + static_cast<uint32_t>(*at++ - '0');
  }
  if (at == first || at[0] != '\r' || at[1] != '\n') return nullptr;
  value = number;
  return at + 2;
}

class LengthReader {
 public:
  enum class Result : uint8_t { kMore, kDone, kInvalid };

  void Reset() { *this = LengthReader(); }
  // Nothing was read since.
  bool fresh() const { return digits_ == 0 && !negative_; }

  // Takes bytes off the front of [at, end) up to the number's line feed. kInvalid when it is no decimal
  // number of 64 bits with a sign; a leading "-" is all the decoration allowed.
  Result Read(const char*& at, const char* end) {
    uint64_t value = value_;
    while (at != end) {
      const char c = *at++;
      const unsigned digit = static_cast<unsigned char>(c) - unsigned{'0'};
      if (digit <= 9 && !ending_) {
        if (++digits_ > kMaxDigits) return Result::kInvalid;
        value = value * 10 + digit;
      } else if (c == '\r' && digits_ > 0 && !ending_) {
        ending_ = true;
      } else if (c == '\n' && ending_) {
        value_ = value;
        return value > uint64_t{std::numeric_limits<int64_t>::max()} + negative_ ? Result::kInvalid
                                                                                 : Result::kDone;
      } else if (c == '-' && digits_ == 0 && !negative_) {
        negative_ = true;
      } else {
        return Result::kInvalid;
      }
    }
    value_ = value;
    return Result::kMore;
  }

  // After kDone.
  int64_t value() const { return static_cast<int64_t>(negative_ ? uint64_t{0} - value_ : value_); }

 private:
  static constexpr int kMaxDigits = 19;  // as many fit into 64 bits, whatever they are

  uint64_t value_ = 0;
  uint8_t digits_ = 0;
  bool negative_ = false;
  bool ending_ = false;  // the carriage return came
};

}  // namespace sidelight::redis
