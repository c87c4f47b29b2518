// A server that speaks TLS, or only TCP, and answers every request with what it is told to: one connection
// after the other, on a thread of its own.
#pragma once

#include <openssl/ssl.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/http/url.h"
#include "core/net/listener.h"
#include "tests/core/http/certificates.h"

namespace sidelight::http {

class TlsServer {
 public:
  // What it does once it has answered.
  enum class End {
    kGoodbye,  // ends the connection, as TLS has it
    kCut,      // ends it without
    kStay,     // waits for the next request
    kHang,     // neither answers nor ends
  };
  struct Options {
    Authority::Issued identity = {};    // none: TCP alone
    std::string client_authority = {};  // PEM; clients must show a certificate of its
    int min_version = 0;                // TLS1_2_VERSION; 0: any
    int max_version = 0;
    std::string response = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
    std::string more = {};  // is sent after it, again and again
    size_t more_times = 0;
    Duration pause = Duration::zero();  // before each
    End end = End::kGoodbye;
    int answers = 1'000'000;  // on one connection; the next request ends it
  };
  // One request, or a handshake that failed.
  struct Seen {
    int connection = 0;   // from 1
    std::string request;  // "" when the handshake failed
    std::string server_name;
    std::string client;  // the common name of its certificate
    std::string version;
    size_t sent = 0;  // bytes of the response that the system took
  };

  explicit TlsServer(Options options);
  ~TlsServer();

  // "https://HOST:PORT", or http; this machine's name is localhost.
  Url url(const std::string& host = "127.0.0.1") const;
  // Once there are `n` at least; after ten seconds those that there are.
  std::vector<Seen> Await(size_t n) const;
  Seen Last() const { return Await(1).back(); }

 private:
  void Run();
  void Serve(int fd, int number);
  bool Readable(int fd) const;
  void Remember(Seen seen);

  const Options options_;
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::unique_ptr<net::Listener> listener_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<Seen> seen_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace sidelight::http
