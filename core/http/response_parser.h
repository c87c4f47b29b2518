// Reads one HTTP/1 response from the bytes of a connection (RFC 9112): llhttp knows the grammar, the limits
// are ours. Sans-I/O. Interim responses (1xx) are passed over. Holds at most `max_head_bytes` of head and
// `max_body_bytes` of body.
#pragma once

#include <llhttp.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "core/base/error.h"
#include "core/http/message.h"

namespace sidelight::http {

// What becomes of a body that is larger than it may be.
enum class Excess {
  kRefuse,  // the response is an error
  kCut,     // as much is kept as fits, and with that the response is whole
};

class ResponseParser {
 public:
  ResponseParser(size_t max_head_bytes, size_t max_body_bytes, Excess excess = Excess::kRefuse);
  ResponseParser(const ResponseParser&) = delete;
  ResponseParser& operator=(const ResponseParser&) = delete;

  // Errors: kInvalidArgument for what is no response, kLimit for one that is too large. After one nothing
  // more may be fed; what comes after the response is ignored.
  Status Feed(std::string_view bytes);
  // The connection has ended: the end of a body that has no length of its own; kUnavailable when more should
  // have come.
  Status Finish();

  bool is_whole() const { return is_whole_; }
  // Once it is whole: whether the next request may be sent on the same connection.
  bool connection_stays() const { return connection_stays_; }
  // Once it is whole. The content type is not among the headers.
  Response& response() { return response_; }

 private:
  static const llhttp_settings_t& Callbacks();
  static ResponseParser& Of(llhttp_t* http) { return *static_cast<ResponseParser*>(http->data); }

  int OnHead(size_t n);
  int OnHeadersComplete();
  int OnBody(std::string_view piece);
  int OnComplete();
  void Complete();
  Status Explain(llhttp_errno_t error) const;

  const size_t max_head_bytes_;
  const size_t max_body_bytes_;
  const Excess excess_;
  llhttp_t http_;
  Response response_;
  size_t head_bytes_ = 0;
  bool in_value_ = false;
  bool head_too_large_ = false;
  bool body_too_large_ = false;
  bool is_whole_ = false;
  bool connection_stays_ = false;
};

}  // namespace sidelight::http
