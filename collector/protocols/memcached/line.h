// LineReader: lines that end with LF or CR LF, out of bytes that come in any pieces. A line that lies whole
// in one piece is not copied.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace sidelight::memcached {

// Longer than any line of the protocol but a lookup of many keys.
inline constexpr size_t kMaxLine = 8192;

std::string_view WithoutCr(std::string_view line);

class LineReader {
 public:
  enum class Result {
    kMore,     // all of `bytes` was taken
    kLine,     // `line` is one, without its end; it is valid until the next call, and while `bytes` is
    kTooLong,  // above kMaxLine
  };
  Result Next(std::string_view& bytes, std::string_view& line);

 private:
  std::string carry_;
  bool done_ = false;  // carry_ is a line that was returned
};

// The first space in [at, end), or its end. Words are short, and a call of memchr for each would cost more
// than all else that is done with them; so eight bytes are looked at in one step.
inline const char* WordEnd(const char* at, const char* end) {
  static_assert(std::endian::native == std::endian::little, "the first byte is the lowest");
  constexpr uint64_t kOnes = 0x0101010101010101;
  for (uint64_t bytes = 0; end - at >= static_cast<std::ptrdiff_t>(sizeof bytes); at += sizeof bytes) {
    std::memcpy(&bytes, at, sizeof bytes);
    bytes ^= kOnes * ' ';
    // The lowest byte that is zero has its highest bit set here.
    const uint64_t zeros = (bytes - kOnes) & ~bytes & kOnes * 0x80;
    if (zeros != 0) return at + std::countr_zero(zeros) / 8;
  }
  while (at != end && *at != ' ') ++at;
  return at;
}

// The words of a line, which spaces part.
class Words {
 public:
  explicit Words(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}
  // "" when there are no more.
  std::string_view Next() {
    while (at_ != end_ && *at_ == ' ') ++at_;
    const char* const word = at_;
    at_ = WordEnd(word, end_);
    return {word, static_cast<size_t>(at_ - word)};
  }
  std::string_view rest() const { return {at_, static_cast<size_t>(end_ - at_)}; }

 private:
  const char* at_;
  const char* end_;
};

}  // namespace sidelight::memcached
