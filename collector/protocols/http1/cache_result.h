// CacheResultReader: whether an HTTP cache answered from what it held, as the headers of one response tell:
// Cache-Status (RFC 9211), CF-Cache-Status, X-Cache, X-Cache-Status, Age (RFC 9111 section 5.1).
//
//     BeginHead (BeginValue Append* EndValue)* Result
//
// A hit is an answer for which nobody asked the origin; docs/protocols/http-caches.md has the rule of each
// header. Reads values in pieces and of any length; of a value it keeps one word. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace sidelight::http1 {

enum class CacheResult : uint8_t { kNotTold, kHit, kMiss };

// The weakest first: what one tells goes before what those above it tell.
enum class CacheHeader : uint8_t { kAge, kXCache, kCfCacheStatus, kCacheStatus };

class CacheResultReader {
 public:
  static constexpr size_t kLongestWord = 24;

  // `word` is where a word is put together; only from BeginValue to EndValue nobody else may write there.
  explicit CacheResultReader(std::span<char, kLongestWord> word) : word_(word) {}

  void BeginHead() { told_ = CacheResult::kNotTold; }
  void BeginValue(CacheHeader header);
  void Append(std::string_view piece);
  void EndValue();
  // Of the head that was begun last, whose status is `status`.
  CacheResult Result(int status) const { return told_ == CacheResult::kNotTold ? told_ : ResultWith(status); }

 private:
  void AppendStatus(char c);
  void AppendWord(char c);
  void AppendAge(char c);
  void Collect(char c);
  void EndParameter();
  void EndWord();
  void EndMember();
  CacheResult ResultWith(int status) const;
  std::string_view word() const { return {word_.data(), size_}; }

  const std::span<char, kLongestWord> word_;
  uint8_t size_ = 0;
  bool too_long_ : 1 = false;  // the word goes on behind what is kept of it
  bool quoted_ : 1 = false;    // within a string of Cache-Status
  bool escaped_ : 1 = false;   // ... behind its backslash
  // Cache-Status: in the parameters of a member; X-Cache: the member's word was found; Age: behind the first.
  bool named_ : 1 = false;
  bool positive_ : 1 = false;                   // Age: a digit that is not 0 came
  CacheHeader header_ = CacheHeader::kAge;      // whose value is being read
  CacheResult member_ = CacheResult::kNotTold;  // of the member that is being read
  CacheResult value_ = CacheResult::kNotTold;   // of the last member that told anything
  CacheResult told_ = CacheResult::kNotTold;    // by the strongest header so far
  CacheHeader told_by_ = CacheHeader::kAge;
};

}  // namespace sidelight::http1
