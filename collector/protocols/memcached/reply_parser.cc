#include "collector/protocols/memcached/reply_parser.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace sidelight::memcached {
namespace {

constexpr std::string_view kBlockEndBytes = "\r\n";

}  // namespace

ReplyParser::Event ReplyParser::Next(std::string_view& bytes, bool binary) {
  switch (state_) {
    case State::kIdle:
      if (bytes.empty()) return Event::kMore;
      if (binary && static_cast<uint8_t>(bytes[0]) != kResponseMagic) return Event::kInvalid;
      state_ = binary ? State::kHeader : State::kLine;
      have_ = 0;
      return binary ? NextHeader(bytes) : NextLine(bytes);
    case State::kLine:
      return NextLine(bytes);
    case State::kHeader:
      return NextHeader(bytes);
    case State::kBlock: {
      const uint64_t taken = std::min<uint64_t>(left_, bytes.size());
      bytes.remove_prefix(taken);
      Skip(taken);
      if (state_ == State::kBlock) return Event::kMore;
      if (state_ == State::kBlockEnd) return NextBlockEnd(bytes);
      state_ = State::kIdle;
      return Event::kBlock;
    }
    case State::kBlockEnd:
      return NextBlockEnd(bytes);
    case State::kEnded:
      state_ = State::kIdle;
      return Event::kBlock;
  }
  return Event::kInvalid;
}

ReplyParser::Event ReplyParser::NextLine(std::string_view& bytes) {
  switch (lines_.Next(bytes, line_)) {
    case LineReader::Result::kMore:
      return Event::kMore;
    case LineReader::Result::kTooLong:
      return Event::kTooLong;
    case LineReader::Result::kLine:
      state_ = State::kIdle;
      return Event::kLine;
  }
  return Event::kInvalid;
}

ReplyParser::Event ReplyParser::NextHeader(std::string_view& bytes) {
  const size_t taken = std::min(kHeaderBytes - have_, bytes.size());
  if (taken == kHeaderBytes) {
    header_ = ReadHeader(bytes.substr(0, kHeaderBytes));
  } else {
    std::memcpy(piece_.data() + have_, bytes.data(), taken);
    have_ = static_cast<uint8_t>(have_ + taken);
    if (have_ == kHeaderBytes) header_ = ReadHeader({piece_.data(), kHeaderBytes});
  }
  bytes.remove_prefix(taken);
  if (taken < kHeaderBytes && have_ < kHeaderBytes) return Event::kMore;
  if (!header_.valid()) return Event::kInvalid;
  packet_ = true;
  left_ = header_.body_bytes;
  state_ = left_ > 0 ? State::kBlock : State::kEnded;
  return Event::kPacket;
}

void ReplyParser::BeginBlock(uint64_t n) {
  assert(state_ == State::kIdle);
  packet_ = false;
  have_ = 0;
  left_ = n;
  state_ = n > 0 ? State::kBlock : State::kBlockEnd;
}

ReplyParser::Event ReplyParser::NextBlockEnd(std::string_view& bytes) {
  while (have_ < kBlockEndBytes.size()) {
    if (bytes.empty()) return Event::kMore;
    if (bytes[0] != kBlockEndBytes[have_]) return Event::kInvalid;
    bytes.remove_prefix(1);
    ++have_;
  }
  state_ = State::kIdle;
  return Event::kBlock;
}

void ReplyParser::Skip(uint64_t n) {
  assert(n <= left_);
  left_ -= n;
  if (left_ == 0) BlockTaken();
}

}  // namespace sidelight::memcached
