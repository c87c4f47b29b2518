// A server that speaks HTTP/2, in the clear or over TLS, and answers every call with what it is told to: one
// connection after the other, on a thread of its own. It is made of nghttp2's server side.
#pragma once

#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/http/message.h"
#include "core/http/url.h"
#include "core/net/listener.h"
#include "tests/core/http/certificates.h"

namespace sidelight::http {

class Http2Server {
 public:
  struct Call {
    int connection = 0;  // from 1
    Fields headers;      // pseudo ones too
    std::string body;

    std::string Header(std::string_view name) const;
  };
  struct Reply {
    enum class Kind {
      kAnswer,
      kReset,  // with `code`; after the headers, if there are any
      kHang,
      kCut,            // ends the connection
      kGoodbyeUnseen,  // GOAWAY that says the call was not looked at; the connection then ends
      kGoodbye,        // GOAWAY that promises an answer, which follows
    };
    Kind kind = Kind::kAnswer;
    Fields headers = {};    // ":status" first
    std::string body = {};  // "" and no trailers: the headers are all there is
    Fields trailers = {};   // of gRPC: the status
    uint32_t code = NGHTTP2_NO_ERROR;
  };
  using Answer = std::function<Reply(const Call&)>;

  // With an identity TLS; it offers "h2" then, unless `alpn` is false.
  explicit Http2Server(Answer answer, Authority::Issued identity = {}, bool alpn = true);
  ~Http2Server();

  // "http://127.0.0.1:PORT", or https.
  Url url() const;
  // Calls that came whole.
  std::vector<Call> Calls() const;
  int connections() const { return connections_; }
  // From now on it answers before a call's body has come.
  void AnswerAtOnce() { at_once_ = true; }
  // Says GOAWAY on the connection that there is, and returns when it is said.
  void SayGoodbye();

  // gRPC's own: a message, and the status behind it.
  static Reply Ok(std::string message);
  // A status without a message: "trailers-only".
  static Reply Status(const std::string& status, Fields more = {});

 private:
  struct Stream {
    Call call;
    Reply reply;
    std::string_view unsent;
    bool answered = false;
  };
  struct Connection;

  void Run();
  void Serve(int fd);

  const Answer answer_;
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::unique_ptr<net::Listener> listener_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Call> calls_;
  bool goodbye_wanted_ = false;
  std::atomic<int> connections_{0};
  std::atomic<bool> at_once_{false};
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace sidelight::http
