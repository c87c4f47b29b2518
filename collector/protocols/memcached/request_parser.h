// RequestParser: what a client of memcached sends, of either protocol, which the first byte decides.
//
// Call Next until it says kMore, with the bytes that came:
//   kHead, and kEnd if there is a value,  for each request; kInvalid and kTooLong are final.
// Values are passed over and never kept. A lookup of many keys is read key by key, however long its line is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "collector/protocols/memcached/pending.h"
#include "collector/protocols/memcached/text.h"

namespace sidelight::memcached {

class RequestParser {
 public:
  enum class Event : uint8_t {
    kMore,     // all bytes were taken
    kHead,     // request() is whole, and so is the request if that is idle() now
    kEnd,      // the request's value is whole
    kInvalid,  // this is no memcached client
    kTooLong,  // a line, or a key, above kMaxLine
  };

  // Keys are added to `keys`, which must outlive the parser.
  explicit RequestParser(PendingQueue& keys) : keys_(keys) {}
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  Event Next(std::string_view& bytes);
  const Request& request() const { return request_; }

  // How many of the coming bytes need not be shown; `n` of them went by. Call Next after that.
  uint64_t Skippable() const { return state_ == State::kBody ? body_left_ : 0; }
  void Skip(uint64_t n);

  // The next byte begins a request.
  bool idle() const { return state_ == State::kIdle; }
  // A byte of a head came, and the head is not whole.
  bool in_head() const { return state_ == State::kLine || state_ == State::kKeys || in_packet_head(); }
  // The first byte was that of a binary packet.
  bool binary() const { return binary_; }

 private:
  enum class State : uint8_t {
    kIdle,    // between requests
    kLine,    // in a command line
    kKeys,    // in one that is too long to be kept: a lookup of many keys
    kHeader,  // in a packet's header
    kKey,     // in the extras and the key of a packet that looks keys up
    kBody,    //
    kEnded,   // kEnd is due
  };
  bool in_packet_head() const { return state_ == State::kHeader || state_ == State::kKey; }

  bool Begin(char first);
  Event NextLine(std::string_view& bytes);
  bool BeginLookup(std::string_view& text);
  bool TakeKeys(std::string_view& text, bool whole);
  Event NextHeader(std::string_view& bytes);
  Event NextKey(std::string_view& bytes);
  // `n` bytes out of `bytes` and what was carried over; false when there are not that many yet.
  bool Take(size_t n, std::string_view& bytes, std::string_view& taken);
  Event HeadDone();
  void ForgetCarry();

  PendingQueue& keys_;
  Request request_;
  std::string carry_;  // a piece of a head that is not whole
  uint64_t body_left_ = 0;
  size_t extras_bytes_ = 0;
  size_t key_bytes_ = 0;
  State state_ = State::kIdle;
  bool chosen_ = false;
  bool binary_ = false;
  bool skip_word_ = false;  // the time of a gat is still to come
};

}  // namespace sidelight::memcached
