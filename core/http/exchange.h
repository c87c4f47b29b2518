// Answers requests with cpp-httplib: decodes a compressed body, calls the handler, writes the response. The
// only place that includes httplib.h.
//
// The library never sees the client's own head, only a canonical one ("POST / HTTP/1.1", length, encoding)
// made from what head.h and body.h have understood. So its routing, range, compression and multipart rules
// cannot be reached from outside, and the handler gets the request exactly as it was sent.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "core/http/message.h"
#include "core/http/server.h"

namespace sidelight::http {

// One for each connection; used by one thread. `options` and `handler` outlive it.
class Exchange {
 public:
  // Takes the response's bytes in order; false when the peer is gone.
  using Sink = std::function<bool(std::string_view)>;
  enum class Connection { kClose, kKeepAlive, kKeepAliveSaid };  // the last for HTTP/1.0, which must be told

  Exchange(const ServerOptions& options, const Handler& handler);
  ~Exchange();

  // Both are false when the response could not be written whole. The request's body is decoded in place.
  bool Answer(Request* request, Connection connection, const Sink& sink);
  bool Refuse(const Request& request, const Failure& failure, const Sink& sink);

 private:
  class Backend;
  std::unique_ptr<Backend> backend_;
};

}  // namespace sidelight::http
