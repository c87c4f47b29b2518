// The HTTP/1 server of the API: few connections, each on a thread of its own, and a bound for everything that
// a client could stretch.
//
//   auto server = http::Server::Start({.listen = address, .error_page = page}, handler);
//   ... (*server)->address() ...
//   (*server)->Stop();
//
// llhttp reads the requests (request_parser.h); docs/decisions/0001 says why no server library stands here.
//
// Threads: one accepts; each connection has one more, made when it comes and joined when it ends.
#pragma once

#include <cstddef>
#include <memory>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/http/message.h"
#include "core/net/address.h"

namespace sidelight::http {

struct ServerOptions {
  net::Address listen;                // port 0: a free one
  size_t max_connections = 64;        // one more is answered 503 at once, never queued
  size_t max_head_bytes = 32 * 1024;  // request line and headers; more is a 431, or a 414 for the line alone
  size_t max_body_bytes = 1 << 20;    // more is a 413
  // All in total and not per read or write. What has begun and is not whole by then is answered 408.
  Duration header_deadline = std::chrono::seconds(10);  // from the connection or the head's first byte
  Duration body_deadline = std::chrono::seconds(10);    // from the end of the head
  Duration write_deadline = std::chrono::seconds(30);   // for one response; then the connection is closed
  Duration idle_deadline = std::chrono::seconds(60);    // between two requests of a connection
  // Makes the body of what the server refuses by itself: 400, 408, 413, 414, 415, 417, 431, 500, 501, 503,
  // 505. Required.
  ErrorPage error_page;
};

class Server {
 public:
  // Listens, and serves from then on. The handler is called on the threads of the connections, several at
  // once; what it throws is answered 500. A port in use is kUnavailable, an address that is not this
  // machine's kInvalidArgument.
  static Result<std::unique_ptr<Server>> Start(ServerOptions options, Handler handler);

  // Stops.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Where it listens, with the port that was chosen.
  const net::Address& address() const;
  // Connections that are being served.
  size_t connections() const;

  // Accepts no more, lets a response that is being written have a quarter of a second, cuts every connection
  // and joins every thread. A handler that is running is waited for. Calling again does nothing.
  void Stop();

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sidelight::http
