#include "collector/protocols/redis/reply_parser.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <limits>

namespace sidelight::redis {
namespace {

// What a map of this many entries has in values still fits.
constexpr int64_t kMaxCount = std::numeric_limits<int32_t>::max();
// Room that stays when a reply is whole: deeper ones are rare.
constexpr size_t kKeptDepth = 8;

}  // namespace

ReplyParser::Event ReplyParser::Next(std::string_view& bytes) {
  const char* at = bytes.data();
  const Event event = Parse(at, bytes.data() + bytes.size());
  const size_t taken = static_cast<size_t>(at - bytes.data());
  bytes_ += taken;
  bytes.remove_prefix(taken);
  return event;
}

// kMore from the functions that it calls, in place of an event: go on in the state that was set.
ReplyParser::Event ReplyParser::Parse(const char*& at, const char* const end) {
  Event event = Event::kMore;
  while (true) {
    switch (state_) {
      case State::kIdle:
        return Event::kMore;

      case State::kType:
        if (at == end) return Event::kMore;
        event = first_word_ && first_element_ ? BeginValue(*at++) : ReadWhole(at, end);
        break;

      case State::kNumber: {
        const LengthReader::Result result = number_.Read(at, end);
        if (result == LengthReader::Result::kMore) return Event::kMore;
        event = result == LengthReader::Result::kInvalid ? Event::kInvalid : HaveNumber();
        break;
      }

      case State::kString: {
        const size_t n = std::min<uint64_t>(remaining_, static_cast<uint64_t>(end - at));
        if (keeps_) Keep(at, n);
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
        if (line_feed_) {
          event = ValueDone();
        } else {
          line_feed_ = true;
        }
        break;

      case State::kLine: {
        if (at == end) return Event::kMore;
        const size_t here = static_cast<size_t>(end - at);
        const char* const line_end = static_cast<const char*>(std::memchr(at, '\r', here));
        const size_t n = line_end == nullptr ? here : static_cast<size_t>(line_end - at);
        if (keeps_) Keep(at, n);
        remaining_ += n;
        at += n;
        if (line_end == nullptr) return Event::kMore;
        ++at;
        state_ = State::kLineFeed;
        break;
      }

      case State::kLineFeed:
        if (at == end) return Event::kMore;
        event = *at++ == '\n' ? HaveLine() : Event::kInvalid;
        break;

      case State::kClosing:
        event = CloseAggregate();
        break;
    }
    if (event != Event::kMore) return event;
  }
}

// What nearly all replies are, in one go if it is here from end to end: a string whose text nobody wants, a
// null, "+OK".
ReplyParser::Event ReplyParser::ReadWhole(const char*& at, const char* const end) {
  constexpr std::string_view kNull = "$-1\r\n";
  constexpr std::string_view kOk = "+OK\r\n";
  const std::string_view here(at, static_cast<size_t>(end - at));
  if (here.starts_with(kNull)) {
    at += kNull.size();
    value_ = Value{.type = '$', .null = true};
  } else if (*at == '$') {
    int64_t length = 0;
    const char* const text = ReadShortLength(at + 1, end, length);
    if (text == nullptr || end - text < length + 2 || text[length] != '\r' || text[length + 1] != '\n') {
      return BeginValue(*at++);
    }
    at = text + length + 2;
    value_ = Value{.type = '$', .empty = length == 0};
  } else if (open_.empty() && here.starts_with(kOk)) {
    at += kOk.size();
    value_ = Value{.type = '+'};
    word_size_ = 0;
    Keep("OK", 2);
  } else {
    return BeginValue(*at++);
  }
  first_element_ = false;
  return ValueDone();
}

ReplyParser::Event ReplyParser::BeginValue(char type) {
  value_ = Value{.type = type};
  const bool text =
      attributes_ == 0 && (first_word_ ? open_.empty() || first_element_ : open_.size() <= look_depth_);
  keeps_ = text && (type == '+' || type == '-' || type == '!');
  if (type == '$' || type == '=') keeps_ = first_word_ && first_element_;
  if (keeps_) word_size_ = 0;
  first_element_ = false;
  switch (type) {
    case '+':
    case '-':
    case '_':
    case '#':
    case ',':
    case '(':
      state_ = State::kLine;
      remaining_ = 0;
      break;
    case '!':
    case '$':
    case '=':
    case ':':
    case '*':
    case '~':
    case '%':
    case '|':
      state_ = State::kNumber;
      number_.Reset();
      break;
    case '>':
      if (!open_.empty()) return Event::kInvalid;
      state_ = State::kNumber;
      number_.Reset();
      break;
    default:
      return Event::kInvalid;
  }
  return Event::kMore;
}

ReplyParser::Event ReplyParser::HaveNumber() {
  const int64_t number = number_.value();
  switch (value_.type) {
    case ':':
      value_.integer = number;
      if (open_.size() == 1) last_integer_ = number;
      return ValueDone();
    case '$':
    case '!':
    case '=':
      if (number < 0) {
        value_.null = true;
        return number == -1 && value_.type == '$' ? ValueDone() : Event::kInvalid;
      }
      value_.empty = number == 0;
      remaining_ = static_cast<uint64_t>(number);
      state_ = State::kString;
      return Event::kMore;
    default:
      return OpenAggregate(number);
  }
}

ReplyParser::Event ReplyParser::HaveLine() {
  if (value_.type == '_') {
    if (remaining_ != 0) return Event::kInvalid;
    value_.null = true;
  }
  if (value_.type == '#' && remaining_ != 1) return Event::kInvalid;
  value_.empty = remaining_ == 0;
  return ValueDone();
}

ReplyParser::Event ReplyParser::OpenAggregate(int64_t count) {
  const char type = value_.type;
  if (count == -1 && type == '*') {
    value_.null = true;
    return ValueDone();
  }
  if (count < 0 || count > kMaxCount) return Event::kInvalid;
  const bool pairs = type == '%' || type == '|';
  if (open_.size() == kMaxDepth) return Event::kTooDeep;
  if (count == 0) {
    value_.empty = true;
    if (type != '|') return ValueDone();
    state_ = State::kType;
    return Event::kMore;
  }
  open_.push_back({static_cast<uint64_t>(count) * (pairs ? 2 : 1), type});
  if (type == '|') ++attributes_;
  first_element_ = open_.size() == 1 && type != '|';
  state_ = State::kType;
  return Event::kMore;
}

ReplyParser::Event ReplyParser::CloseAggregate() {
  const char type = open_.back().type;
  open_.pop_back();
  if (type == '|') {
    // An attribute goes with the value behind it, and is none itself.
    --attributes_;
    state_ = State::kType;
    return Event::kMore;
  }
  value_ = Value{.type = type};
  return ValueDone();
}

ReplyParser::Event ReplyParser::ValueDone() {
  depth_ = static_cast<uint8_t>(open_.size());
  if (depth_ == 0) {
    state_ = State::kIdle;
    if (open_.capacity() > kKeptDepth) open_.shrink_to_fit();
    return Event::kEnd;
  }
  state_ = --open_.back().remaining == 0 ? State::kClosing : State::kType;
  return depth_ <= look_depth_ && attributes_ == 0 ? Event::kElement : Event::kMore;
}

void ReplyParser::Keep(const char* at, size_t n) {
  n = std::min(n, word_.size() - word_size_);
  std::memcpy(word_.data() + word_size_, at, n);
  word_size_ = static_cast<uint8_t>(word_size_ + n);
}

void ReplyParser::Skip(uint64_t n) {
  assert(n <= Skippable());
  remaining_ -= n;
  bytes_ += n;
}

}  // namespace sidelight::redis
