// Link: the client's end of one connection, over TCP or over TLS. Used by one thread.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/http/client.h"
#include "core/http/socket.h"
#include "core/http/tls_stream.h"
#include "core/http/url.h"

namespace sidelight::http {

class Link {
 public:
  enum class Version { kHttp1, kHttp2 };  // what will be spoken over it: TLS says so in its handshake

  // Connects, to each of a name's addresses in turn, and shakes hands. Errors are those of Fetch(), without
  // the URL's host.
  static Result<std::unique_ptr<Link>> Make(const Url& url, const ClientOptions& options, TimePoint deadline,
                                            Version version = Version::kHttp1);

  // Owns `fd`.
  explicit Link(int fd) : socket_(fd) {}
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  // As those of Socket.
  Io Read(std::string* into, TimePoint deadline);
  Io Write(std::string_view bytes, TimePoint deadline);
  // Why it is closed; "" when nothing went wrong.
  std::string_view failure() const;

  // Between two requests: the server has neither said anything nor gone.
  bool IsQuiet() const;
  // A new connection would be made with the same TLS settings and files. While one of these cannot be read,
  // the connection that there is stays good.
  bool IsCurrent(const ClientOptions& options) const;

 private:
  Status StartTls(std::shared_ptr<SSL_CTX> context, const Url& url, const ClientOptions& options,
                  TimePoint deadline, Version version);

  Socket socket_;
  std::shared_ptr<SSL_CTX> context_;  // of TLS
  std::optional<TlsStream> tls_;
};

}  // namespace sidelight::http
