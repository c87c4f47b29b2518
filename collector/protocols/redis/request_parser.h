// RequestParser: reads the commands that a client sends to Redis: RESP arrays of bulk strings, and inline
// commands (redis.io/docs/latest/develop/reference/protocol-spec).
//
// Pull style: Next takes bytes off the front of what came and returns at each event:
//
//     (kCommand Want kArgument* kEnd)*, with kMore whenever the bytes are used up
//
// Empty commands ("*0", a line of blanks) are passed over: Redis does not answer them. kInvalid and kTooLong
// end it. What is stored is one argument at most, cut at kMaxKept, and one inline command.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "collector/protocols/redis/length.h"

namespace sidelight::redis {

class RequestParser {
 public:
  // Redis refuses a longer inline command, in bytes, line end excluded.
  static constexpr size_t kMaxInline = 64 * 1024;
  // What is shown of an argument.
  static constexpr size_t kMaxKept = 256;

  enum class Event : uint8_t {
    kMore,      // all bytes are used up
    kCommand,   // its name is in argument()
    kArgument,  // an argument that was wanted is in argument()
    kEnd,       // the command is whole
    kEmpty,     // a whole command without a name ("*0", a line of blanks): Redis does not answer it
    kInvalid,   // this is not Redis, or breaks its rules
    kTooLong,   // an inline command longer than kMaxInline
  };

  Event Next(std::string_view& bytes);
  // Whether kEnd is due, which is dealt with by that: as good as Next, and cheaper.
  bool TakeEnd() {
    if (state_ != State::kEnded) return false;
    state_ = State::kIdle;
    return true;
  }
  // After kCommand or kArgument: of the coming arguments, show those from the first-th to the last-th (1 is
  // the one behind the name). None unless told.
  void Want(int64_t first, int64_t last);

  // How many of the coming bytes nobody wants; `n` of them went by. Call Next, with no bytes if there are
  // none, after that.
  uint64_t Skippable() const;
  void Skip(uint64_t n);

  // Between two commands: the next byte begins one.
  bool idle() const { return state_ == State::kIdle; }
  // A byte of a command came, and kCommand is still to come.
  bool in_head() const { return state_ != State::kIdle && state_ != State::kInlineArguments && index_ == 0; }
  // Of the present or last command, framing included.
  uint64_t bytes() const { return bytes_; }

  // Valid until the next call of Next: the first kMaxKept bytes of the name or argument, and which one it is.
  std::string_view argument() const { return argument_; }
  int64_t index() const { return index_ - 1; }
  // Arguments in all, the name included.
  int64_t count() const { return count_; }

 private:
  enum class State : uint8_t {
    kIdle,   // between commands
    kCount,  // in the number behind "*"
    kDollar,
    kLength,  // in the number behind "$"
    kKept,    // in a name, or an argument that is wanted
    kSkipped,
    kEnding,  // in the line end behind either
    kEnded,   // kEnd is due
    kInline,
    kInlineArguments,  // the line is whole, and its arguments are being shown
  };

  inline void Begin(State state);
  inline Event BeginArray(const char*& at, const char* end);
  Event Parse(const char*& at, const char* end, const char*& counted);
  inline Event ReadWhole(const char*& at, const char* end);
  inline Event EndArgument();
  Event ReadInline(const char*& at, const char* end);
  Event NextInlineArgument();
  bool IsWanted(int64_t index) const {
    return index == 0 || (index >= first_wanted_ && index <= last_wanted_);
  }

  State state_ = State::kIdle;
  bool line_feed_ = false;  // in kEnding: the carriage return came
  LengthReader number_;
  uint64_t remaining_ = 0;  // of the argument that is being read
  int64_t count_ = 0;
  int64_t index_ = 0;  // of the argument that is being read
  int64_t first_wanted_ = 0;
  int64_t last_wanted_ = -1;
  uint64_t bytes_ = 0;
  std::string_view argument_;
  std::string kept_;          // an argument that comes in pieces; an inline argument
  std::string line_;          // an inline command
  size_t line_position_ = 0;  // in kInlineArguments
};

}  // namespace sidelight::redis
