// ReplyParser: reads what a Redis server sends, RESP2 and RESP3
// (redis.io/docs/latest/develop/reference/protocol-spec). Streamed strings and aggregates ("$?", "*?") are
// not read: no Redis sends them.
//
// Pull style: Next takes bytes off the front of what came and returns at each event:
//
//     (Begin Look kElement* kEnd)*, with kMore whenever the bytes are used up
//
// Of the values themselves nothing is stored but a word of at most 33 bytes. Nested aggregates are counted on
// a stack of at most kMaxDepth; there is no recursion. kInvalid and kTooDeep end it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "collector/protocols/redis/length.h"

namespace sidelight::redis {

// What is told of a value.
struct Value {
  char type = 0;  // the byte it begins with
  bool null = false;
  bool empty = false;   // a string or an aggregate without content
  int64_t integer = 0;  // of an integer

  bool is_error() const { return type == '-' || type == '!'; }
};

class ReplyParser {
 public:
  static constexpr size_t kMaxDepth = 128;
  static constexpr size_t kMaxWord = 32;

  enum class Event : uint8_t {
    kMore,     // all bytes are used up
    kElement,  // a value within an aggregate is whole, at a depth that was asked for
    kEnd,      // the reply is whole
    kInvalid,  // this is not RESP, or breaks its rules
    kTooDeep,  // nested deeper than kMaxDepth
  };

  // The next byte is the first of a reply. Only when idle().
  void Begin(char type) {
    type_ = type;
    state_ = State::kType;
    bytes_ = 0;
    word_size_ = 0;
    last_integer_ = 0;
  }
  // What is to be told of it, up to its kEnd. `depth`: 1 asks for kElement of each element of the aggregate
  // that the reply is, 2 also for each element of those, first. `first_word`: word() is to be the first
  // element's text.
  void Look(size_t depth, bool first_word) {
    look_depth_ = static_cast<uint8_t>(depth);
    first_word_ = first_word;
  }
  Event Next(std::string_view& bytes);

  // How many of the coming bytes need not be shown; `n` of them went by. Call Next, with no bytes if there
  // are none, after that.
  uint64_t Skippable() const { return state_ == State::kString && !keeps_ ? remaining_ : 0; }
  void Skip(uint64_t n);

  // Between two replies.
  bool idle() const { return state_ == State::kIdle; }
  char type() const { return type_; }
  // Of the present or last reply, framing included.
  uint64_t bytes() const { return bytes_; }

  // At kElement and kEnd: the value that is whole. At kElement: how deep it is.
  const Value& value() const { return value_; }
  size_t depth() const { return depth_; }
  // The last integer directly in a reply that is an aggregate, or 0.
  int64_t last_integer() const { return last_integer_; }
  // The text of the last status or error at a depth that was asked for, or the first element's; one byte more
  // than kMaxWord at most.
  std::string_view word() const { return {word_.data(), word_size_}; }

 private:
  enum class State : uint8_t {
    kIdle,    // between replies
    kType,    // the next byte is the type of a value
    kNumber,  // in the number of an integer, a string or an aggregate
    kString,
    kLine,
    kEnding,    // in the line end behind a string
    kLineFeed,  // of a line
    kClosing,   // the last value of an aggregate is whole
  };
  struct Frame {
    uint64_t remaining = 0;  // values that are still to come
    char type = 0;
  };

  inline Event Parse(const char*& at, const char* end);
  inline Event ReadWhole(const char*& at, const char* end);
  Event BeginValue(char type);
  Event HaveNumber();
  Event HaveLine();
  Event OpenAggregate(int64_t count);
  Event CloseAggregate();
  inline Event ValueDone();
  void Keep(const char* at, size_t n);

  State state_ = State::kIdle;
  char type_ = 0;           // of the reply
  bool line_feed_ = false;  // in kEnding: the carriage return came
  bool keeps_ = false;      // the value's text goes into word_
  bool first_word_ = false;
  bool first_element_ = false;  // the value is the first element of the reply
  uint8_t word_size_ = 0;
  uint8_t look_depth_ = 0;
  uint8_t attributes_ = 0;  // open ones, whose values are nobody's elements
  uint8_t depth_ = 0;
  std::array<char, kMaxWord + 1> word_;
  LengthReader number_;
  Value value_;
  uint64_t remaining_ = 0;  // of the string; of a line, how long it was
  int64_t last_integer_ = 0;
  uint64_t bytes_ = 0;
  std::vector<Frame> open_;  // aggregates
};

}  // namespace sidelight::redis
