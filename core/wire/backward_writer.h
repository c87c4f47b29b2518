// BackwardWriter: protobuf, written from its end to its beginning. A message's length stands before the
// message, so whoever writes forwards either measures everything beforehand or moves it afterwards;
// backwards, each length is known when its turn comes, and one pass is enough.
//
//   const size_t end = writer.size();
//   writer.AddFixed64(2, time);           // the last field first
//   writer.AddBytes(1, name);
//   writer.CloseMessage(5, end);          // what was written since `end` is field 5 of what comes next
//
// What was written last can be taken back with Rewind(). Owns its buffer, which grows and is kept between
// messages. Not thread-safe.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <protozero/types.hpp>
#include <span>
#include <string>
#include <string_view>

#include "core/wire/exposition/out_buffer.h"

namespace sidelight::wire {

class BackwardWriter {
 public:
  using Tag = protozero::pbf_tag_type;
  static_assert(std::endian::native == std::endian::little, "fixed-width fields are copied as they are");

  explicit BackwardWriter(size_t room = 4096) { Allocate(room); }

  size_t size() const { return static_cast<size_t>(limit_ - begin_); }
  std::string_view written() const { return {begin_, size()}; }
  // Forgets everything but the `size` bytes that were written first.
  void Rewind(size_t size) { begin_ = limit_ - size; }

  // Room for `size` bytes that end at the returned place, until the next call of anything; then tell with
  // Advance() where they begin. What lies before that may be overwritten.
  char* Room(size_t size) {
    if (static_cast<size_t>(begin_ - block_.get()) < size) Grow(size);
    return begin_;
  }
  void Advance(char* begin) { begin_ = begin; }

  void AddVarint(Tag tag, uint64_t value) {
    Advance(PutTag(PutVarint(Room(kMaxField), value), tag, kVarint));
  }
  void AddFixed64(Tag tag, uint64_t value) {
    Advance(PutTag(PutFixed64(Room(kMaxField), value), tag, kFixed64));
  }
  void AddDouble(Tag tag, double value) { AddFixed64(tag, std::bit_cast<uint64_t>(value)); }
  void AddBytes(Tag tag, std::string_view bytes) {
    char* const at = PutBytes(Room(bytes.size() + kMaxField), bytes);
    Advance(PutTag(PutVarint(at, bytes.size()), tag, kLengthDelimited));
  }
  // A packed list of 64-bit values, in one copy; nothing for an empty one.
  template <class T>
  void AddPacked64(Tag tag, std::span<const T> values) {
    static_assert(sizeof(T) == 8);
    if (!values.empty()) {
      AddBytes(tag, {reinterpret_cast<const char*>(values.data()), values.size_bytes()});
    }
  }
  // One entry of a packed list of varints, which CloseMessage() then makes a field.
  void PushVarint(uint64_t value) { Advance(PutVarint(Room(kMaxVarint), value)); }
  // Fields that were encoded already.
  void PushRaw(std::string_view fields) { Advance(PutBytes(Room(fields.size()), fields)); }

  void CloseMessage(Tag tag, size_t end) {
    Advance(PutTag(PutVarint(Room(kMaxField), size() - end), tag, kLengthDelimited));
  }

  static constexpr size_t kMaxVarint = 10;
  static constexpr size_t kMaxField = 2 * kMaxVarint;  // a tag and a number, or a tag and a length

  // The pieces, for who has made room for several at once: each writes what ends at `at`, returns its
  // beginning.
  static char* PutFixed64(char* at, uint64_t value) {
    std::memcpy(at - sizeof(value), &value, sizeof(value));
    return at - sizeof(value);
  }
  static char* PutVarint(char* at, uint64_t value) {
    if (value < 0x80) {
      *--at = static_cast<char>(value);
      return at;
    }
    char* const begin = at - (std::bit_width(value) + 6) / 7;
    char* to = begin;
    for (; value >= 0x80; value >>= 7) *to++ = static_cast<char>(value | 0x80);
    *to = static_cast<char>(value);
    return begin;
  }
  static char* PutBytes(char* at, std::string_view bytes) {
    CopyBytes(at - bytes.size(), bytes);
    return at - bytes.size();
  }
  enum WireType : uint32_t { kVarint = 0, kFixed64 = 1, kLengthDelimited = 2 };
  static char* PutTag(char* at, Tag tag, WireType type) { return PutVarint(at, tag << 3 | type); }

 private:
  void Allocate(size_t size);
  void Grow(size_t size);

  std::unique_ptr<char[]> block_;
  char* begin_ = nullptr;
  char* limit_ = nullptr;
};

}  // namespace sidelight::wire
