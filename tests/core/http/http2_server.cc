#include "tests/core/http/http2_server.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <map>
#include <utility>

namespace sidelight::http {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

Bio Reading(const std::string& text) {
  return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free};
}

int ChooseH2(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
             unsigned in_size, void*) {
  const std::string_view offered(reinterpret_cast<const char*>(in), in_size);
  const size_t at = offered.find("\2h2");
  if (at == std::string_view::npos) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = in + at + 1;
  *out_size = 2;
  return SSL_TLSEXT_ERR_OK;
}

SSL_CTX* MakeContext(const Authority::Issued& identity, bool alpn) {
  if (identity.key.empty()) return nullptr;
  SSL_CTX* const context = SSL_CTX_new(TLS_server_method());
  X509* const certificate = PEM_read_bio_X509(Reading(identity.certificate).get(), nullptr, nullptr, nullptr);
  EVP_PKEY* const key = PEM_read_bio_PrivateKey(Reading(identity.key).get(), nullptr, nullptr, nullptr);
  EXPECT_EQ(SSL_CTX_use_certificate(context, certificate), 1);
  EXPECT_EQ(SSL_CTX_use_PrivateKey(context, key), 1);
  X509_free(certificate);
  EVP_PKEY_free(key);
  if (alpn) SSL_CTX_set_alpn_select_cb(context, &ChooseH2, nullptr);
  return context;
}

std::vector<nghttp2_nv> NameValues(const Fields& fields) {
  const auto bytes = [](const std::string& s) {
    return reinterpret_cast<uint8_t*>(const_cast<char*>(s.data()));
  };
  std::vector<nghttp2_nv> out;
  for (const auto& [name, value] : fields) {
    out.push_back({bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
  }
  return out;
}

}  // namespace

std::string Http2Server::Call::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

Http2Server::Reply Http2Server::Ok(std::string message) {
  std::string framed(1, '\0');
  for (const int shift : {24, 16, 8, 0}) framed += static_cast<char>(message.size() >> shift);
  return {.headers = {{":status", "200"}, {"content-type", "application/grpc"}},
          .body = framed + message,
          .trailers = {{"grpc-status", "0"}}};
}

Http2Server::Reply Http2Server::Status(const std::string& status, Fields more) {
  Reply reply{.headers = {{":status", "200"}, {"content-type", "application/grpc"}, {"grpc-status", status}}};
  reply.headers.insert(reply.headers.end(), more.begin(), more.end());
  return reply;
}

// One connection, with blocking calls.
struct Http2Server::Connection {
  Http2Server& server;
  int fd;
  int number;
  SSL* ssl;
  nghttp2_session* session = nullptr;
  std::map<int32_t, Stream> streams;
  bool cut = false;

  bool Write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto n = ssl != nullptr ? SSL_write(ssl, bytes.data(), static_cast<int>(bytes.size()))
                                    : ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return true;
  }

  bool Flush() const {
    while (true) {
      const uint8_t* bytes = nullptr;
      const ssize_t n = nghttp2_session_mem_send(session, &bytes);
      if (n == 0) return true;
      if (n < 0 || !Write({reinterpret_cast<const char*>(bytes), static_cast<size_t>(n)})) return false;
    }
  }

  // False when the client has gone. Waits a moment at most.
  bool Fill() const {
    pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
    if ((ssl == nullptr || SSL_pending(ssl) == 0) && ::poll(&entry, 1, 5) <= 0) return true;
    std::array<uint8_t, 16 * 1024> piece;
    const auto n = ssl != nullptr ? SSL_read(ssl, piece.data(), static_cast<int>(piece.size()))
                                  : ::recv(fd, piece.data(), piece.size(), 0);
    return n > 0 && nghttp2_session_mem_recv(session, piece.data(), static_cast<size_t>(n)) >= 0;
  }

  void Answered(int32_t id, Stream& stream) {
    stream.answered = true;
    stream.reply = server.answer_(stream.call);
    const Reply& reply = stream.reply;
    switch (reply.kind) {
      case Reply::Kind::kHang:
        return;
      case Reply::Kind::kCut:
        cut = true;
        return;
      case Reply::Kind::kReset:
        if (!reply.headers.empty()) {
          const std::vector<nghttp2_nv> fields = NameValues(reply.headers);
          nghttp2_submit_headers(session, NGHTTP2_FLAG_NONE, id, nullptr, fields.data(), fields.size(),
                                 nullptr);
          EXPECT_TRUE(Flush());
        }
        nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, reply.code);
        return;
      case Reply::Kind::kGoodbyeUnseen:
        nghttp2_submit_goaway(session, NGHTTP2_FLAG_NONE, 0, NGHTTP2_NO_ERROR, nullptr, 0);
        EXPECT_TRUE(Flush());
        cut = true;
        return;
      case Reply::Kind::kGoodbye:
        nghttp2_submit_goaway(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_NO_ERROR, nullptr, 0);
        EXPECT_TRUE(Flush());
        break;
      case Reply::Kind::kAnswer:
        break;
    }
    Submit(id, stream);
  }

  void Submit(int32_t id, Stream& stream) const {
    const std::vector<nghttp2_nv> fields = NameValues(stream.reply.headers);
    stream.unsent = stream.reply.body;
    const nghttp2_data_provider provider{.source = {.ptr = &stream}, .read_callback = &Connection::ReadBody};
    const bool alone = stream.reply.body.empty() && stream.reply.trailers.empty();
    EXPECT_EQ(nghttp2_submit_response(session, id, fields.data(), fields.size(), alone ? nullptr : &provider),
              0);
  }

  static ssize_t ReadBody(nghttp2_session* session, int32_t id, uint8_t* into, size_t size, uint32_t* flags,
                          nghttp2_data_source* source, void*) {
    Stream& stream = *static_cast<Stream*>(source->ptr);
    const size_t n = std::min(size, stream.unsent.size());
    std::memcpy(into, stream.unsent.data(), n);
    stream.unsent.remove_prefix(n);
    if (!stream.unsent.empty()) return static_cast<ssize_t>(n);
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (!stream.reply.trailers.empty()) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      const std::vector<nghttp2_nv> fields = NameValues(stream.reply.trailers);
      nghttp2_submit_trailer(session, id, fields.data(), fields.size());
    }
    return static_cast<ssize_t>(n);
  }

  static Connection& Of(void* user) { return *static_cast<Connection*>(user); }

  static int OnHeader(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
                      const uint8_t* value, size_t value_size, uint8_t, void* user) {
    Of(user).streams[frame->hd.stream_id].call.headers.emplace_back(
        std::string(reinterpret_cast<const char*>(name), name_size),
        std::string(reinterpret_cast<const char*>(value), value_size));
    return 0;
  }
  static int OnData(nghttp2_session*, uint8_t, int32_t id, const uint8_t* data, size_t size, void* user) {
    Of(user).streams[id].call.body.append(reinterpret_cast<const char*>(data), size);
    return 0;
  }
  static int OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type != NGHTTP2_DATA && frame->hd.type != NGHTTP2_HEADERS) return 0;
    Connection& self = Of(user);
    Stream& stream = self.streams[frame->hd.stream_id];
    stream.call.connection = self.number;
    const bool whole = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (whole) {
      const std::lock_guard lock(self.server.mutex_);
      self.server.calls_.push_back(stream.call);
    }
    if (!stream.answered && (whole || self.server.at_once_)) {
      self.Answered(frame->hd.stream_id, stream);
    }
    return 0;
  }
};

Http2Server::Http2Server(Answer answer, Authority::Issued identity, bool alpn)
    : answer_(std::move(answer)), context_(MakeContext(identity, alpn), &SSL_CTX_free) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
  auto listener = net::Listener::Open(net::Address::Tcp("127.0.0.1", 0));
  EXPECT_TRUE(listener);
  listener_ = *std::move(listener);
  thread_ = std::thread([this] { Run(); });
}

Http2Server::~Http2Server() {
  stopping_ = true;
  thread_.join();
}

Url Http2Server::url() const {
  const Result<Url> url = Url::Parse((context_ == nullptr ? "http://127.0.0.1:" : "https://127.0.0.1:") +
                                     std::to_string(listener_->bound().port()));
  EXPECT_TRUE(url);
  return *url;
}

std::vector<Http2Server::Call> Http2Server::Calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

void Http2Server::SayGoodbye() {
  std::unique_lock lock(mutex_);
  goodbye_wanted_ = true;
  EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(60), [&] { return !goodbye_wanted_; }));
}

void Http2Server::Run() {
  while (!stopping_) {
    pollfd entry{.fd = listener_->fd(), .events = POLLIN, .revents = 0};
    if (::poll(&entry, 1, 10) <= 0) continue;
    const int fd = ::accept4(listener_->fd(), nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    const timeval patience{.tv_sec = 30, .tv_usec = 0};
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ++connections_;
    Serve(fd);
    ::close(fd);
  }
}

void Http2Server::Serve(int fd) {
  const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(context_ == nullptr ? nullptr : SSL_new(context_.get()),
                                                      &SSL_free);
  if (ssl != nullptr) {
    SSL_set_fd(ssl.get(), fd);
    const bool shaken = SSL_accept(ssl.get()) == 1;
    ERR_clear_error();
    if (!shaken) return;
  }
  Connection connection{.server = *this, .fd = fd, .number = connections_, .ssl = ssl.get()};
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, &Connection::OnHeader);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, &Connection::OnData);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, &Connection::OnFrame);
  nghttp2_session_server_new(&connection.session, callbacks, &connection);
  nghttp2_session_callbacks_del(callbacks);
  nghttp2_submit_settings(connection.session, NGHTTP2_FLAG_NONE, nullptr, 0);
  bool open = true;
  while (open && !stopping_ && !connection.cut) {
    open = connection.Flush() && connection.Fill();
    const std::lock_guard lock(mutex_);
    if (!goodbye_wanted_) continue;
    nghttp2_submit_goaway(connection.session, NGHTTP2_FLAG_NONE,
                          nghttp2_session_get_last_proc_stream_id(connection.session), NGHTTP2_NO_ERROR,
                          nullptr, 0);
    open = connection.Flush();
    goodbye_wanted_ = false;
    changed_.notify_all();
  }
  connection.Flush();
  nghttp2_session_del(connection.session);
  ERR_clear_error();
}

}  // namespace sidelight::http
