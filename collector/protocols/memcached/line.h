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

// How many bytes come before the first space. Words are short, and a call of memchr for each would cost more
// than all else that is done with them; so eight bytes are looked at in one step.
inline size_t WordLength(std::string_view text) {
  static_assert(std::endian::native == std::endian::little, "the first byte is the lowest");
  constexpr uint64_t kOnes = 0x0101010101010101;
  size_t length = 0;
  for (uint64_t bytes = 0; text.size() - length >= sizeof bytes; length += sizeof bytes) {
    std::memcpy(&bytes, text.data() + length, sizeof bytes);
    bytes ^= kOnes * ' ';
    // The lowest byte that is zero has its highest bit set here.
    const uint64_t zeros = (bytes - kOnes) & ~bytes & kOnes * 0x80;
    if (zeros != 0) return length + static_cast<size_t>(std::countr_zero(zeros)) / 8;
  }
  while (length < text.size() && text[length] != ' ') ++length;
  return length;
}

// The words of a line, which spaces part.
class Words {
 public:
  explicit Words(std::string_view text) : rest_(text) {}
  // "" when there are no more.
  std::string_view Next() {
    while (!rest_.empty() && rest_[0] == ' ') rest_.remove_prefix(1);
    const std::string_view word = rest_.substr(0, WordLength(rest_));
    rest_.remove_prefix(word.size());
    return word;
  }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

}  // namespace sidelight::memcached
