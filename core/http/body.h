// The body of an HTTP/1 request, put together from the pieces in which it comes: by length or chunked (RFC
// 9112 sections 6 and 7). Sans-I/O and strict; never holds more than `max_bytes` and one line.
//
// Ours and not cpp-httplib's: 0.11 bounds no chunked body, takes a chunk that does not end where it said for
// the end of the body, and reads a body that is too long to its end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "core/http/head.h"

namespace sidelight::http {

class BodyReader {
 public:
  BodyReader(BodyFraming framing, uint64_t content_length, size_t max_bytes);

  // Takes what belongs to the body and returns how many bytes that was; the rest is the next request. 413
  // when the body is longer than allowed, 400 when the chunks make no sense; nothing more may be fed then.
  tl::expected<size_t, Failure> Feed(std::string_view bytes);
  bool done() const { return state_ == State::kDone; }
  std::string TakeBody() { return std::move(body_); }

 private:
  enum class State { kData, kSizeLine, kChunkEnd, kTrailer, kDone };

  tl::expected<void, Failure> OnLine();
  tl::expected<size_t, Failure> FeedLine(std::string_view bytes);

  const bool chunked_;
  const size_t max_bytes_;
  State state_;
  uint64_t left_ = 0;         // of the body or of the chunk
  size_t trailer_bytes_ = 0;  // trailers are read and dropped
  std::string line_;
  std::string body_;
};

}  // namespace sidelight::http
