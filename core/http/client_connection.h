// ClientConnection: requests to one server, one after the other, on a connection that is kept between them as
// long as the server keeps it. Blocks; one thread at a time.
//
//   http::ClientConnection receiver(url, {.timeout = std::chrono::seconds(10), .tls = settings.tls});
//   Result<Response> answer = receiver.Send({.method = "POST", .target = "/v1/metrics", ...});
//
// A connection on which the server said goodbye, or anything else that was not asked for, is not used again,
// nor is one whose TLS settings lead to other files meanwhile. That a server closes it in the very moment in
// which a request is sent cannot be seen beforehand: then the request is sent again on a new connection if it
// is repeatable, and else fails, as nobody knows whether it was served (RFC 9110 section 9.2.2).
#pragma once

#include <cstdint>
#include <memory>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/http/client.h"
#include "core/http/message.h"
#include "core/http/url.h"

namespace sidelight::http {

class Link;

class ClientConnection {
 public:
  // A connection that was idle for longer than `idle_limit` is not used again: something between here and
  // there may have forgotten it. 0: every request has a connection of its own.
  ClientConnection(Url url, ClientOptions options, Duration idle_limit = std::chrono::seconds(90));
  ~ClientConnection();
  ClientConnection(const ClientConnection&) = delete;
  ClientConnection& operator=(const ClientConnection&) = delete;

  // As Fetch().
  Result<Response> Send(const ClientRequest& request);
  // Ends the connection, if one is kept.
  void Close();
  // How many there were so far.
  uint64_t connections() const { return connections_; }

 private:
  Result<Response> Try(const ClientRequest& request);
  Result<Response> Exchange(const ClientRequest& request, TimePoint deadline, bool* silent);

  const Url url_;
  const ClientOptions options_;
  const Duration idle_limit_;
  std::unique_ptr<Link> link_;
  TimePoint idle_since_;
  uint64_t connections_ = 0;
};

}  // namespace sidelight::http
