// Reads one HTTP/1 request from the bytes of a connection (RFC 9112): llhttp knows the grammar, the limits
// and the refusals are ours. Sans-I/O. Holds at most `max_head_bytes` of head and `max_body_bytes` of body.
#pragma once

#include <llhttp.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "core/http/message.h"

namespace sidelight::http {

class RequestParser {
 public:
  RequestParser(size_t max_head_bytes, size_t max_body_bytes);
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  // Takes bytes until the request is whole, and returns how many; the rest belongs to the next request. After
  // a failure nothing more may be fed, and the connection has no further request.
  tl::expected<size_t, Failure> Feed(std::string_view bytes);

  bool begun() const { return head_bytes_ > 0; }
  bool head_is_whole() const { return head_is_whole_; }
  bool is_whole() const { return is_whole_; }

  // What is understood so far, so that a refusal can carry the correlation id. Once the head is whole:
  // method, path, query and headers; once the request is: the body.
  Request& request() { return request_; }
  // The client waits for a "100 Continue" before it sends the body. Known with the head.
  bool expects_continue() const { return expects_continue_; }
  // Known with the whole request.
  bool keep_alive() const { return keep_alive_; }
  bool is_http_1_0() const { return http_.http_minor == 0; }

 private:
  static const llhttp_settings_t& Callbacks();
  static RequestParser& Of(llhttp_t* http) { return *static_cast<RequestParser*>(http->data); }

  int OnHeaderName(std::string_view piece);
  int OnHeaderValue(std::string_view piece);
  int OnDropped(size_t n);
  tl::expected<void, Failure> OnHead();
  tl::expected<void, Failure> OnPause(bool at_head_end);
  Failure Explain(llhttp_errno_t error) const;
  Failure HeadTooLarge() const;

  const size_t max_head_bytes_;
  const size_t max_body_bytes_;
  llhttp_t http_;
  Request request_;
  std::string target_;
  std::optional<Failure> failure_;  // of a callback
  size_t head_bytes_ = 0;
  size_t dropped_bytes_ = 0;      // chunk extensions and trailers
  uint64_t announced_bytes_ = 0;  // of the body or of a chunk that is about to come
  char last_byte_ = '\0';
  bool at_line_end_ = false;  // where llhttp has paused
  bool target_is_whole_ = false;
  bool in_header_ = false;
  bool head_is_whole_ = false;
  bool is_whole_ = false;
  bool expects_continue_ = false;
  bool keep_alive_ = false;
};

}  // namespace sidelight::http
