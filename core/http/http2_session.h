// Http2Session: HTTP/2 over one Link, as a client with one stream at a time. Bytes and frames are nghttp2's,
// meaning is the caller's. Used by one thread.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/http/link.h"
#include "core/http/message.h"

namespace sidelight::http {

class Http2Session {
 public:
  struct Limits {
    size_t max_head_bytes = 0;  // of all header fields and trailers together
    size_t max_body_bytes = 0;
  };
  // What came back on a stream.
  struct Reply {
    int status = 0;  // HTTP's; 0 when none came
    Fields headers;  // the response's, then the trailers; names are lower-case
    std::string body;
    uint32_t reset = NGHTTP2_NO_ERROR;  // the code with which the server broke the stream off
    bool refused = false;               // the server has not looked at the request: it may be sent again
  };

  // Over a link that was just made.
  static Result<std::unique_ptr<Http2Session>> Start(std::unique_ptr<Link> link, Limits limits);
  ~Http2Session();
  Http2Session(const Http2Session&) = delete;
  Http2Session& operator=(const Http2Session&) = delete;

  // Takes in what the server said meanwhile; whether another request can be made.
  bool IsUsable();
  // `headers` begin with the pseudo ones, ":method" and the others; `body` outlives the call. Errors are
  // those of Fetch(). After one of them the session is not usable.
  Result<Reply> Exchange(const Fields& headers, std::string_view body, TimePoint deadline);

  const Link& link() const { return *link_; }

 private:
  struct Callbacks;
  enum class Progress { kOpen, kDone, kReset, kTooLarge };

  explicit Http2Session(std::unique_ptr<Link> link, Limits limits);
  Io Flush(TimePoint deadline);
  Status Receive(std::string_view bytes);
  Error NotHttp2() const;
  Error Broken() const;

  const std::unique_ptr<Link> link_;
  const Limits limits_;
  std::unique_ptr<nghttp2_session, decltype(&nghttp2_session_del)> session_;
  bool broken_ = false;
  bool deaf_ = false;      // the server takes no more bytes
  bool goodbye_ = false;   // GOAWAY has come
  bool greeted_ = false;   // its SETTINGS have come, so it does speak HTTP/2
  std::string first_;      // that it sent, until then
  std::string complaint_;  // nghttp2's, of what the server sent

  // Of the stream under way.
  int32_t stream_ = -1;
  Progress progress_ = Progress::kDone;
  std::string_view unsent_;
  bool sent_all_ = false;
  size_t head_bytes_ = 0;
  Reply reply_;
};

}  // namespace sidelight::http
