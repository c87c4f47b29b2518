// ProbeResponder: answers health probes over HTTP/1, on a loop of the data plane, so that no slow client of
// the API can starve them.
//
// GET and HEAD of the paths that the handler knows (404 otherwise; 405 for other methods); one answer, then
// the connection is closed. A client has 5 seconds and 8 KiB for its header; with 64 connections open the
// oldest makes room for a new one, so clients that send a byte a second cannot keep a probe out. RFC 9112, as
// far as it goes.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/net/listener.h"

namespace sidelight::net {

struct ProbeAnswer {
  int status = 200;
  std::string text;  // text/plain
};

class ProbeResponder final : private Acceptor::Handler {
 public:
  // Called on the loop's thread with the path, without its query; nothing when there is no such path.
  using Handler = std::function<std::optional<ProbeAnswer>(std::string_view path)>;

  static constexpr size_t kMaxConnections = 64;
  static constexpr size_t kMaxHeader = 8192;
  static constexpr Duration kHeaderDeadline = std::chrono::seconds(5);

  ProbeResponder(Listener& listener, EventLoop& loop, Handler handler);
  ~ProbeResponder() override;  // on the loop's thread, or when the loop has stopped
  bool Start();

  size_t connections() const { return connections_.size(); }

 private:
  class Connection;
  void OnAccept(int fd) override;
  void OnNoDescriptor() override {}
  std::string Answer(std::string_view head) const;
  void Close(Connection* connection);

  EventLoop& loop_;
  const Handler handler_;
  Acceptor acceptor_;
  std::list<std::unique_ptr<Connection>> connections_;  // the oldest first
};

}  // namespace sidelight::net
