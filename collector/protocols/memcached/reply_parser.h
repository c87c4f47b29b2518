// ReplyParser: what memcached answers, cut into lines and data blocks, or into packets. What a line means
// depends on the request that it answers, which the caller knows.
//
// Call Next until it says kMore, with the bytes that came:
//   text:    kLine, and after BeginBlock also kBlock
//   binary:  kPacket kBlock
// kInvalid and kTooLong are final.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "collector/protocols/memcached/binary.h"
#include "collector/protocols/memcached/line.h"

namespace sidelight::memcached {

class ReplyParser {
 public:
  enum class Event : uint8_t {
    kMore,     // all bytes were taken
    kLine,     // line() is one; it is valid until the next call
    kPacket,   // header() is whole
    kBlock,    // the data block, or the packet, is whole
    kInvalid,  // this is no memcached server
    kTooLong,  // a line above kMaxLine
  };

  // `binary` as the requests are; the same in all calls but those before the first request.
  Event Next(std::string_view& bytes, bool binary);
  // After kLine: a data block of `n` bytes and a line's end follow.
  void BeginBlock(uint64_t n);

  // The next byte begins a line or a packet.
  bool idle() const { return state_ == State::kIdle; }
  std::string_view line() const { return line_; }
  const Header& header() const { return header_; }

  // How many of the coming bytes need not be shown; `n` of them went by. Call Next after that.
  uint64_t Skippable() const { return state_ == State::kBlock ? left_ : 0; }
  void Skip(uint64_t n);

 private:
  enum class State : uint8_t {
    kIdle,      // between lines, or packets
    kLine,      //
    kBlock,     // in a data block, or behind a packet's header
    kBlockEnd,  // in the line's end behind a data block
    kHeader,    //
    kEnded,     // kBlock is due
  };

  Event NextLine(std::string_view& bytes);
  Event NextHeader(std::string_view& bytes);
  Event NextBlockEnd(std::string_view& bytes);
  void BlockTaken() { state_ = packet_ ? State::kEnded : State::kBlockEnd; }

  LineReader lines_;
  std::string_view line_;
  Header header_;
  uint64_t left_ = 0;
  std::array<char, kHeaderBytes> piece_;  // of a header that comes in pieces
  uint8_t have_ = 0;                      // of it, or of the end behind a block
  bool packet_ = false;                   // the block is a packet's
  State state_ = State::kIdle;
};

}  // namespace sidelight::memcached
