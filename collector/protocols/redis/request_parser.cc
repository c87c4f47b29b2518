#include "collector/protocols/redis/request_parser.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <limits>

#include "collector/protocols/redis/commands.h"
#include "collector/protocols/redis/inline_words.h"

namespace sidelight::redis {
namespace {

// The count of arguments that the largest server configuration takes.
constexpr int64_t kMaxCount = std::numeric_limits<int32_t>::max();

// Redis takes these for HTTP that a browser was tricked into sending, and closes.
bool IsHttp(std::string_view name) {
  return SameWord(name, "POST") || SameWord(name, "HOST:");
}

}  // namespace

RequestParser::Event RequestParser::Next(std::string_view& bytes) {
  const char* at = bytes.data();
  const char* counted = at;
  const Event event = Parse(at, bytes.data() + bytes.size(), counted);
  bytes_ += static_cast<size_t>(at - counted);
  bytes.remove_prefix(static_cast<size_t>(at - bytes.data()));
  return event;
}

void RequestParser::Want(int64_t first, int64_t last) {
  first_wanted_ = first;
  last_wanted_ = last;
}

// `counted`: where the bytes of the command begin that are not in bytes_ yet.
RequestParser::Event RequestParser::Parse(const char*& at, const char* const end, const char*& counted) {
  const char* begin = nullptr;
  while (true) {
    switch (state_) {
      case State::kIdle:
        while (at != end && (*at == '\r' || *at == '\n')) ++at;
        if (at == end) return Event::kMore;
        if (static_cast<unsigned char>(*at) < ' ' || static_cast<unsigned char>(*at) > '~')
          return Event::kInvalid;
        begin = at;
        state_ = *at == '*' ? State::kCount : State::kInline;
        if (*at == '*') ++at;
        number_.Reset();
        index_ = 0;
        first_wanted_ = 0;
        last_wanted_ = -1;
        bytes_ = 0;
        counted = begin;
        break;

      case State::kCount: {
        if (const char* const behind = number_.fresh() ? ReadShortLength(at, end, count_) : nullptr) {
          at = behind;
          state_ = count_ == 0 ? State::kIdle : State::kDollar;
          if (count_ == 0) return Event::kEmpty;
          break;
        }
        const LengthReader::Result result = number_.Read(at, end);
        if (result == LengthReader::Result::kMore) return Event::kMore;
        if (result == LengthReader::Result::kInvalid) return Event::kInvalid;
        count_ = number_.value();
        if (count_ < -1 || count_ > kMaxCount) return Event::kInvalid;
        state_ = count_ <= 0 ? State::kIdle : State::kDollar;
        if (count_ <= 0) return Event::kEmpty;
        break;
      }

      case State::kDollar:
        if (const Event event = ReadWhole(at, end); event != Event::kMore) return event;
        if (state_ != State::kDollar) break;
        if (at == end) return Event::kMore;
        if (*at++ != '$') return Event::kInvalid;
        number_.Reset();
        state_ = State::kLength;
        break;

      case State::kLength: {
        const LengthReader::Result result = number_.Read(at, end);
        if (result == LengthReader::Result::kMore) return Event::kMore;
        if (result == LengthReader::Result::kInvalid || number_.value() < 0) return Event::kInvalid;
        remaining_ = static_cast<uint64_t>(number_.value());
        state_ = wanted() ? State::kKept : State::kSkipped;
        kept_.clear();
        break;
      }

      case State::kKept: {
        const size_t n = std::min<uint64_t>(remaining_, static_cast<uint64_t>(end - at));
        if (n == remaining_ && kept_.empty()) {
          argument_ = std::string_view(at, std::min(n, kMaxKept));
        } else {
          kept_.append(at, std::min(n, kMaxKept - kept_.size()));
          argument_ = kept_;
        }
        at += n;
        remaining_ -= n;
        if (remaining_ > 0) return Event::kMore;
        state_ = State::kEnding;
        line_feed_ = false;
        return ++index_ == 1 ? Event::kCommand : Event::kArgument;
      }

      case State::kSkipped: {
        const size_t n = std::min<uint64_t>(remaining_, static_cast<uint64_t>(end - at));
        at += n;
        remaining_ -= n;
        if (remaining_ > 0) return Event::kMore;
        state_ = State::kEnding;
        line_feed_ = false;
        ++index_;
        break;
      }

      case State::kEnding:
        if (at == end) return Event::kMore;
        if (!line_feed_ && end - at >= 2 && at[0] == '\r' && at[1] == '\n') {
          at += 2;
          state_ = index_ == count_ ? State::kEnded : State::kDollar;
          break;
        }
        if (*at++ != (line_feed_ ? '\n' : '\r')) return Event::kInvalid;
        if (!line_feed_) {
          line_feed_ = true;
          break;
        }
        state_ = index_ == count_ ? State::kEnded : State::kDollar;
        break;

      case State::kEnded:
        state_ = State::kIdle;
        return Event::kEnd;

      case State::kInline: {
        const Event event = ReadInline(at, end);
        if (state_ != State::kInlineArguments) return event;
        break;
      }

      case State::kInlineArguments:
        return NextInlineArgument();
    }
  }
}

// Reads arguments that are here from end to end, up to one that is wanted. kMore: go on in the state that was
// set.
RequestParser::Event RequestParser::ReadWhole(const char*& at, const char* const end) {
  while (end - at > 3 && *at == '$') {
    int64_t length = 0;
    const char* const text = ReadShortLength(at + 1, end, length);
    if (text == nullptr || end - text < length + 2 || text[length] != '\r' || text[length + 1] != '\n') {
      return Event::kMore;
    }
    at = text + length;
    if (wanted()) {
      argument_ = std::string_view(text, std::min(static_cast<size_t>(length), kMaxKept));
      state_ = State::kEnding;
      line_feed_ = false;
      return ++index_ == 1 ? Event::kCommand : Event::kArgument;
    }
    at += 2;
    state_ = ++index_ == count_ ? State::kEnded : State::kDollar;
    if (state_ == State::kEnded) return Event::kMore;
  }
  return Event::kMore;
}

// No event when the state is kInlineArguments then.
RequestParser::Event RequestParser::ReadInline(const char*& at, const char* const end) {
  const size_t here = static_cast<size_t>(end - at);
  const char* const line_feed = here == 0 ? nullptr : static_cast<const char*>(std::memchr(at, '\n', here));
  const size_t n = line_feed == nullptr ? here : static_cast<size_t>(line_feed - at);
  line_.append(at, std::min(n, kMaxInline + 2 - line_.size()));
  at += n;
  const bool ends_in_return = !line_.empty() && line_.back() == '\r';
  if (line_.size() - (ends_in_return ? 1 : 0) > kMaxInline) return Event::kTooLong;
  if (line_feed == nullptr) return Event::kMore;
  ++at;
  if (ends_in_return) line_.pop_back();

  count_ = 0;
  line_position_ = 0;
  InlineWord word;
  while ((word = NextInlineWord(line_, line_position_, kept_, kMaxKept)) == InlineWord::kWord) {
    if (count_++ == 0 && IsHttp(kept_)) return Event::kInvalid;
  }
  if (word == InlineWord::kUnbalanced) return Event::kInvalid;
  line_position_ = 0;
  state_ = State::kInlineArguments;
  if (count_ == 0) {
    std::string().swap(line_);
    state_ = State::kIdle;
  }
  return Event::kEmpty;
}

RequestParser::Event RequestParser::NextInlineArgument() {
  while (index_ < count_) {
    NextInlineWord(line_, line_position_, kept_, kMaxKept);
    const bool shown = wanted();
    ++index_;
    argument_ = kept_;
    if (shown) return index_ == 1 ? Event::kCommand : Event::kArgument;
  }
  // Swapped, since clearing keeps the capacity.
  std::string().swap(line_);
  state_ = State::kIdle;
  return Event::kEnd;
}

uint64_t RequestParser::Skippable() const {
  if (state_ == State::kSkipped) return remaining_;
  const bool enough = state_ == State::kKept && index_ > 0 && kept_.size() == kMaxKept;
  return enough ? remaining_ : 0;
}

void RequestParser::Skip(uint64_t n) {
  assert(n <= Skippable());
  remaining_ -= n;
  bytes_ += n;
}

}  // namespace sidelight::redis
