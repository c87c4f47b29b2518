#include "collector/protocols/postgres/framer.h"

#include <algorithm>

namespace sidelight::postgres {
namespace {

constexpr uint32_t kLengthBytes = 4;

}  // namespace

Framer::Event Framer::Next(std::string_view& bytes) {
  if (state_ == State::kInContent) {
    if (left_ == 0) {
      state_ = State::kBetween;
      return Event::kEnd;
    }
    if (bytes.empty()) return Event::kMore;
    const size_t n = std::min<size_t>(left_, bytes.size());
    piece_ = bytes.substr(0, n);
    bytes.remove_prefix(n);
    left_ -= static_cast<uint32_t>(n);
    if (wanted_) return Event::kContent;
    if (left_ > 0) return Event::kMore;
    state_ = State::kBetween;
    return Event::kEnd;
  }
  if (bytes.empty()) return Event::kMore;
  if (state_ == State::kBetween) {
    state_ = State::kInLength;
    length_ = 0;
    length_bytes_ = 0;
    wanted_ = false;
    type_ = '\0';
    if (!startup_) {
      type_ = bytes.front();
      bytes.remove_prefix(1);
    }
    startup_ = false;
    return Event::kType;
  }
  while (length_bytes_ < kLengthBytes) {
    if (bytes.empty()) return Event::kMore;
    length_ = length_ << 8 | static_cast<uint8_t>(bytes.front());
    bytes.remove_prefix(1);
    ++length_bytes_;
  }
  if (length_ < kLengthBytes || length_ > kMaxLength) return Event::kInvalid;
  left_ = length_ - kLengthBytes;
  state_ = State::kInContent;
  return Event::kLength;
}

}  // namespace sidelight::postgres
