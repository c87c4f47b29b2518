// TLS over a Socket, as the client. OpenSSL sees only bytes in memory: the socket's deadlines hold for the
// handshake as for everything else, and a peer that is gone raises no signal.
//
// Used by one thread. After anything but kOk nothing more may be written.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/http/socket.h"
#include "core/http/tls_settings.h"

namespace sidelight::http {

class TlsStream {
 public:
  // `host` is the URL's, a name or an IP address, for which the server's certificate must be unless the
  // settings name another; `socket` outlives the stream.
  TlsStream(Socket& socket, std::shared_ptr<SSL_CTX> context, const TlsSettings& settings,
            std::string_view host);
  // Says goodbye if that can be done without waiting.
  ~TlsStream();
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  // Before the handshake: the protocol that will be spoken (ALPN, RFC 7301). A server that knows none goes on
  // without.
  void Offer(std::string_view protocol);
  // kClosed when it failed, for the reason that failure() says.
  Io Handshake(TimePoint deadline);
  // As those of Socket. kClosed is the other side's goodbye, or a failure.
  Io Read(std::string* into, TimePoint deadline);
  Io Write(std::string_view bytes, TimePoint deadline);

  // Whether everything that has come was read.
  bool IsDrained() const;
  // Why it is closed; "" when nothing went wrong.
  const std::string& failure() const { return failure_; }

 private:
  Io Step(int returned, TimePoint deadline);
  Io Flush(TimePoint deadline);
  Io Fill(TimePoint deadline);
  std::string Explain() const;

  Socket& socket_;
  const std::shared_ptr<SSL_CTX> context_;
  const std::string name_;  // that is verified
  const std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
  BIO* in_ = nullptr;   // the ssl's
  BIO* out_ = nullptr;  // the ssl's
  std::string received_;
  std::string failure_;
  bool handshake_done_ = false;
};

}  // namespace sidelight::http
