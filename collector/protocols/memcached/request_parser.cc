#include "collector/protocols/memcached/request_parser.h"

#include <algorithm>
#include <cassert>

#include "collector/protocols/memcached/binary.h"
#include "collector/protocols/memcached/line.h"

namespace sidelight::memcached {
namespace {

// What is kept of the memory of a head that came in pieces.
constexpr size_t kKept = 256;
// A longer one is refused, and belongs to no keyspace.
constexpr size_t kMaxBinaryKey = 250;

// Commands are of lower case, digits and underscores; an empty line is answered with an ERROR. So other
// protocols are recognized by their first byte: HTTP's methods, Redis' '*', TLS, PostgreSQL.
bool MayBeginLine(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == ' ' || c == '\r' || c == '\n';
}

}  // namespace

RequestParser::Event RequestParser::Next(std::string_view& bytes) {
  switch (state_) {
    case State::kIdle:
      if (bytes.empty()) return Event::kMore;
      if (!Begin(bytes[0])) return Event::kInvalid;
      return binary_ ? NextHeader(bytes) : NextLine(bytes);
    case State::kLine:
    case State::kKeys:
      return NextLine(bytes);
    case State::kHeader:
      return NextHeader(bytes);
    case State::kKey:
      return NextKey(bytes);
    case State::kBody: {
      const uint64_t taken = std::min<uint64_t>(body_left_, bytes.size());
      bytes.remove_prefix(taken);
      Skip(taken);
      if (state_ == State::kBody) return Event::kMore;
      [[fallthrough]];
    }
    case State::kEnded:
      state_ = State::kIdle;
      return Event::kEnd;
  }
  return Event::kInvalid;
}

bool RequestParser::Begin(char first) {
  const bool packet = static_cast<uint8_t>(first) == kRequestMagic;
  if (!chosen_) {
    chosen_ = true;
    binary_ = packet;
  }
  state_ = binary_ ? State::kHeader : State::kLine;
  return binary_ ? packet : MayBeginLine(first);
}

RequestParser::Event RequestParser::NextLine(std::string_view& bytes) {
  const size_t length = bytes.find('\n');
  const bool whole = length != std::string_view::npos;
  const std::string_view piece = bytes.substr(0, length);
  const bool long_line = carry_.size() + piece.size() > kMaxLine;
  std::string_view text = piece;
  if (!carry_.empty() || (!whole && !long_line && state_ == State::kLine)) text = carry_.append(piece);
  bytes.remove_prefix(whole ? length + 1 : bytes.size());

  if (state_ == State::kLine) {
    if (!long_line) {
      if (!whole) return Event::kMore;
      ReadRequestLine(WithoutCr(text), keys_, request_);
      return HeadDone();
    }
    if (!BeginLookup(text)) return Event::kTooLong;
    state_ = State::kKeys;
  }
  if (whole) text = WithoutCr(text);
  if (!TakeKeys(text, whole)) return Event::kTooLong;
  if (whole) return HeadDone();
  // `text` may lie within the carry.
  if (carry_.empty()) {
    carry_ = text;
  } else {
    carry_.erase(0, carry_.size() - text.size());
  }
  return Event::kMore;
}

// `text` begins a line that is too long for everything else.
bool RequestParser::BeginLookup(std::string_view& text) {
  Words words(text);
  const CommandName& named = TextCommand(words.Next());
  if (named.command != Command::kRetrieve && named.command != Command::kTouchRetrieve) return false;
  request_ = Request();
  request_.operation = named.name;
  request_.command = named.command;
  skip_word_ = named.command == Command::kTouchRetrieve;
  text = words.rest();
  return true;
}

// Leaves in `text` the word that is cut by its end, unless that is the end of the line.
bool RequestParser::TakeKeys(std::string_view& text, bool whole) {
  while (true) {
    const size_t from = text.find_first_not_of(' ');
    text.remove_prefix(std::min(from, text.size()));
    const size_t length = text.find(' ');
    const bool cut = length == std::string_view::npos && !whole;
    const std::string_view word = text.substr(0, length);
    // A cut one may end with the CR of the line's end.
    if (word.size() > kMaxLine + (cut ? 1 : 0)) return false;
    if (cut || word.empty()) return true;
    text.remove_prefix(word.size());
    if (!skip_word_) keys_.AddKey(word);
    skip_word_ = false;
  }
}

RequestParser::Event RequestParser::NextHeader(std::string_view& bytes) {
  std::string_view taken;
  if (!Take(kHeaderBytes, bytes, taken)) return Event::kMore;
  const Header header = ReadHeader(taken);
  ForgetCarry();
  if (!header.valid()) return Event::kInvalid;
  const Opcode& opcode = BinaryOpcode(header.opcode);
  request_ = Request();
  request_.operation = opcode.name;
  request_.command = opcode.command;
  request_.opcode = opcode.loud;
  request_.quiet = opcode.quiet;
  request_.silent = opcode.command == Command::kQuit;
  request_.opaque = header.opaque;
  request_.value_bytes = header.value_bytes();
  request_.body_bytes = header.body_bytes;
  if (!IsLookup(opcode.command)) return HeadDone();
  if (header.key_bytes > kMaxBinaryKey) {
    keys_.AddKey({});
    return HeadDone();
  }
  extras_bytes_ = header.extras_bytes;
  key_bytes_ = header.key_bytes;
  request_.body_bytes -= extras_bytes_ + key_bytes_;
  state_ = State::kKey;
  return NextKey(bytes);
}

RequestParser::Event RequestParser::NextKey(std::string_view& bytes) {
  std::string_view taken;
  if (!Take(extras_bytes_ + key_bytes_, bytes, taken)) return Event::kMore;
  keys_.AddKey(taken.substr(extras_bytes_));
  return HeadDone();
}

bool RequestParser::Take(size_t n, std::string_view& bytes, std::string_view& taken) {
  const size_t missing = std::min(n - carry_.size(), bytes.size());
  const std::string_view piece = bytes.substr(0, missing);
  bytes.remove_prefix(missing);
  if (carry_.empty() && piece.size() == n) {
    taken = piece;
    return true;
  }
  taken = carry_.append(piece);
  return carry_.size() == n;
}

RequestParser::Event RequestParser::HeadDone() {
  ForgetCarry();
  body_left_ = request_.body_bytes;
  state_ = body_left_ > 0 ? State::kBody : State::kIdle;
  return Event::kHead;
}

void RequestParser::ForgetCarry() {
  if (carry_.empty()) return;
  carry_.clear();
  if (carry_.capacity() > kKept) carry_.shrink_to_fit();
}

void RequestParser::Skip(uint64_t n) {
  assert(n <= body_left_);
  body_left_ -= n;
  if (body_left_ == 0) state_ = State::kEnded;
}

}  // namespace sidelight::memcached
