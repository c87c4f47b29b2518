// One connection of the server, from its first byte to its last: reads requests one after the other, each
// within its deadlines and limits, and answers them in order.
#pragma once

#include <string>

#include "core/http/exchange.h"
#include "core/http/head.h"
#include "core/http/server.h"
#include "core/http/socket.h"

namespace sidelight::http {

struct Peer {
  std::string address;  // as Request::remote_address
  bool loopback = false;
};

class Connection {
 public:
  // `options`, `handler` and `socket` outlive it.
  Connection(const ServerOptions& options, const Handler& handler, Peer peer, Socket* socket);

  // Until the client leaves, a deadline passes or something is wrong. True when the last that happened was a
  // response of ours, so that the descriptor should be closed gently: what the client still sends would
  // otherwise reset the connection, and take the response away before it was read.
  bool Serve();

 private:
  enum class Step { kGoOn, kEnd };

  Step ReadHead(TimePoint deadline, Head* head);
  Step ReadBody(Head* head);
  Step Answer(Head* head);
  Step Refuse(const Request& request, const Failure& failure);
  Exchange::Sink NewSink();

  const ServerOptions& options_;
  const Peer peer_;
  Socket* const socket_;
  Exchange exchange_;
  std::string input_;  // read and not used yet
  bool answered_last_ = false;
};

}  // namespace sidelight::http
