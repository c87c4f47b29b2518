// One connection of the server, from its first byte to its last: reads requests one after the other, each
// within its deadlines and limits, and answers them in order.
#pragma once

#include <string>

#include "core/http/departures.h"
#include "core/http/request_parser.h"
#include "core/http/response.h"
#include "core/http/server.h"
#include "core/http/socket.h"

namespace sidelight::http {

struct Peer {
  std::string address;  // as Request::remote_address
  bool loopback = false;
};

class Connection {
 public:
  // All of them but `peer` outlive it.
  Connection(const ServerOptions& options, const Handler& handler, Peer peer, Socket* socket,
             Departures& departures);

  // Until the client leaves, a deadline passes or something is wrong. True when the last that happened was a
  // response of ours, so that the descriptor should be closed gently: what the client still sends would
  // otherwise reset the connection, and take the response away before it was read.
  bool Serve();

 private:
  enum class Step { kGoOn, kEnd };

  Step Read(RequestParser* parser);
  Step Answer(RequestParser* parser);
  Step Refuse(const Request& request, const Failure& failure);
  Response Call(const Request& request);
  bool Write(const Request& request, const Response& response, Afterwards afterwards);

  const ServerOptions& options_;
  const Handler& handler_;
  const Peer peer_;
  Socket* const socket_;
  WatchedClient client_;
  std::string input_;  // read and not used yet
  bool answered_last_ = false;
};

}  // namespace sidelight::http
