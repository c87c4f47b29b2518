// Framer: cuts one direction of a PostgreSQL connection into messages: a type byte, a length of four bytes
// that counts itself, and the content. A startup packet has no type byte.
//
// Pull style: Next takes bytes off the front of what came and returns at each event:
//
//     (kType kLength kContent* kEnd)*, with kMore whenever the bytes are used up
//
// kInvalid ends it. Contents are never stored: whoever wants one sees it in pieces, of any size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sidelight::postgres {

class Framer {
 public:
  // The largest length that a message may say, as in the server.
  static constexpr uint32_t kMaxLength = 1024 * 1024 * 1024;

  enum class Event : uint8_t {
    kMore,     // all bytes are used up
    kType,     // the first byte of a message came: type()
    kLength,   // its length did: left(); Want may be called
    kContent,  // a piece of a wanted content: piece()
    kEnd,      // the message is whole
    kInvalid,  // a length that cannot be
  };

  Event Next(std::string_view& bytes);
  // The next message is a startup packet. Between messages only.
  void ExpectStartup() { startup_ = true; }
  // The content of the message that has begun is to be shown.
  void Want() { wanted_ = true; }

  // The rest of it need not be.
  void Ignore() { wanted_ = false; }

  // '\0' for a startup packet.
  char type() const { return type_; }
  // Bytes of the content that are still to come.
  uint32_t left() const { return left_; }
  std::string_view piece() const { return piece_; }
  // No byte of the next message has come.
  bool between() const { return state_ == State::kBetween; }

  // How many of the coming bytes are content that nobody wants; `n` of them went by. Call Next after that:
  // the message may have ended.
  uint64_t Skippable() const { return state_ == State::kInContent && !wanted_ ? left_ : 0; }
  void Skip(uint64_t n) { left_ -= static_cast<uint32_t>(n); }

 private:
  enum class State : uint8_t { kBetween, kInLength, kInContent };

  std::string_view piece_;
  uint32_t length_ = 0;
  uint32_t left_ = 0;
  State state_ = State::kBetween;
  uint8_t length_bytes_ = 0;
  bool startup_ = false;
  bool wanted_ = false;
  char type_ = '\0';
};

}  // namespace sidelight::postgres
