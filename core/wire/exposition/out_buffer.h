// OutBuffer: a small block that is filled by pointer and goes to a string when it is full. Writing into a
// string directly would either check its capacity for every byte or fill it with zeros first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

namespace sidelight::wire {

// Copies the first and the last `kWidth` bytes, which may overlap.
template <size_t kWidth>
inline void CopyEnds(char* to, const char* from, size_t size) {
  char first[kWidth];
  char last[kWidth];
  std::memcpy(first, from, kWidth);
  std::memcpy(last, from + size - kWidth, kWidth);
  std::memcpy(to, first, kWidth);
  std::memcpy(to + size - kWidth, last, kWidth);
}

// More bytes than CopyBytes does in line.
void CopyLong(char* to, const char* from, size_t size);

// Copies and returns the end. Names and values are mostly short, where two loads and stores beat a call of
// memcpy.
[[gnu::always_inline]] inline char* CopyBytes(char* to, std::string_view text) {
  const char* const from = text.data();
  const size_t size = text.size();
  if (size > 32) {
    CopyLong(to, from, size);
  } else if (size > 16) {
    CopyEnds<16>(to, from, size);
  } else if (size >= 8) {
    CopyEnds<8>(to, from, size);
  } else if (size >= 4) {
    CopyEnds<4>(to, from, size);
  } else if (size >= 2) {
    CopyEnds<2>(to, from, size);
  } else if (size == 1) {
    *to = *from;
  }
  return to + size;
}

// Whether two texts are equal; in line for the usual length of a name, for the same reason.
inline bool SameBytes(std::string_view a, std::string_view b) {
  const size_t size = a.size();
  if (size != b.size()) return false;
  // The first and the last word of the bytes from `begin` to `end`.
  const auto same_ends = [&](auto word, size_t begin, size_t end) {
    decltype(word) x[2];
    decltype(word) y[2];
    std::memcpy(&x[0], a.data() + begin, sizeof(word));
    std::memcpy(&x[1], a.data() + end - sizeof(word), sizeof(word));
    std::memcpy(&y[0], b.data() + begin, sizeof(word));
    std::memcpy(&y[1], b.data() + end - sizeof(word), sizeof(word));
    return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
  };
  if (size > 32) return a == b;
  if (size > 16) return same_ends(uint64_t{}, 0, 16) && same_ends(uint64_t{}, size - 16, size);
  if (size >= 8) return same_ends(uint64_t{}, 0, size);
  if (size >= 4) return same_ends(uint32_t{}, 0, size);
  return a == b;
}

class OutBuffer {
 public:
  // Appends to `*out`, which outlives this; complete only after Flush().
  explicit OutBuffer(std::string* out) : out_(out) { Allocate(kBlock); }

  // At least `size` bytes to write to, until the next call; then tell with Advance() where the writing ended.
  char* Room(size_t size) {
    if (static_cast<size_t>(limit_ - end_) < size) Grow(size);
    return end_;
  }
  void Advance(char* end) { end_ = end; }

  void Append(std::string_view text) { end_ = CopyBytes(Room(text.size()), text); }

  void Flush() {
    out_->append(block_.get(), static_cast<size_t>(end_ - block_.get()));
    end_ = block_.get();
  }

 private:
  static constexpr size_t kBlock = 16 * 1024;  // stays in the first-level cache

  void Allocate(size_t size) {
    block_.reset(new char[size]);
    end_ = block_.get();
    limit_ = end_ + size;
  }
  void Grow(size_t size) {
    Flush();
    if (static_cast<size_t>(limit_ - end_) < size) Allocate(size);
  }

  std::string* out_;
  std::unique_ptr<char[]> block_;
  char* end_ = nullptr;
  char* limit_ = nullptr;
};

}  // namespace sidelight::wire
