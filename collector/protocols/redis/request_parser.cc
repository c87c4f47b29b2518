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
  const char* const end = at + bytes.size();
  const char* counted = at;
  const Event event =
      state_ == State::kIdle && at != end && *at == '*' ? BeginArray(at, end) : Parse(at, end, counted);
  bytes_ += static_cast<size_t>(at - counted);
  bytes.remove_prefix(static_cast<size_t>(at - bytes.data()));
  return event;
}

void RequestParser::Begin(State state) {
  state_ = state;
  number_.Reset();
  index_ = 0;
  first_wanted_ = 0;
  last_wanted_ = -1;
  bytes_ = 0;
}

// The usual command, up to its name, in one go if that much of it is here.
RequestParser::Event RequestParser::BeginArray(const char*& at, const char* const end) {
  Begin(State::kCount);
  const char* counted = at++;
  if (const char* const behind = ReadShortLength(at, end, count_); behind != nullptr && count_ > 0) {
    at = behind;
    state_ = State::kDollar;
    if (const Event event = ReadWhole(at, end); event != Event::kMore) return event;
  }
  return Parse(at, end, counted);
}

void RequestParser::Want(int64_t first, int64_t last) {
  first_wanted_ = first;
  last_wanted_ = last;
}

// `counted`: where the bytes of the command begin that are not in bytes_ yet.
RequestParser::Event RequestParser::Parse(const char*& at, const char* const end, const char*& counted) {
  while (true) {
    switch (state_) {
      case State::kIdle:
        while (at != end && (*at == '\r' || *at == '\n')) ++at;
        if (at == end) return Event::kMore;
        if (static_cast<unsigned char>(*at) < ' ' || static_cast<unsigned char>(*at) > '~')
          return Event::kInvalid;
        counted = at;
        Begin(*at == '*' ? State::kCount : State::kInline);
        if (*at == '*') ++at;
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
        state_ = IsWanted(index_) ? State::kKept : State::kSkipped;
        kept_.clear();
        break;
      }

      case State::kKept: {
        const size_t n = std::min<uint64_t>(remaining_, static_cast<uint64_t>(end - at));
        kept_.append(at, std::min(n, kMaxKept - kept_.size()));
        at += n;
        remaining_ -= n;
        if (remaining_ > 0) return Event::kMore;
        state_ = State::kEnding;
        line_feed_ = false;
        break;
      }

      case State::kSkipped: {
        const size_t n = std::min<uint64_t>(remaining_, static_cast<uint64_t>(end - at));
        at += n;
        remaining_ -= n;
        if (remaining_ > 0) return Event::kMore;
        state_ = State::kEnding;
        line_feed_ = false;
        break;
      }

      case State::kEnding:
        if (at == end) return Event::kMore;
        if (*at++ != (line_feed_ ? '\n' : '\r')) return Event::kInvalid;
        if (!line_feed_) {
          line_feed_ = true;
          break;
        }
        argument_ = kept_;
        if (const Event event = EndArgument(); event != Event::kMore) return event;
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
// set. Only in kDollar.
RequestParser::Event RequestParser::ReadWhole(const char*& at, const char* const end) {
  // Kept here and not in the object, since nothing else is looked at for most of them.
  const char* here = at;
  int64_t index = index_;
  Event event = Event::kMore;
  while (event == Event::kMore && index < count_ && end - here > 3 && *here == '$') {
    int64_t length = 0;
    const char* const text = ReadShortLength(here + 1, end, length);
    if (text == nullptr || end - text < length + 2 || text[length] != '\r' || text[length + 1] != '\n') break;
    here = text + length + 2;
    if (IsWanted(index)) {
      argument_ = std::string_view(text, std::min(static_cast<size_t>(length), kMaxKept));
      event = index == 0 ? Event::kCommand : Event::kArgument;
    }
    ++index;
  }
  at = here;
  index_ = index;
  if (index == count_) state_ = State::kEnded;
  return event;
}

// It is whole, its line end too. kMore: nobody wants it.
RequestParser::Event RequestParser::EndArgument() {
  const bool shown = IsWanted(index_);
  state_ = ++index_ == count_ ? State::kEnded : State::kDollar;
  if (!shown) return Event::kMore;
  return index_ == 1 ? Event::kCommand : Event::kArgument;
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
    const bool shown = IsWanted(index_);
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
