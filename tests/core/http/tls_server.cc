#include "tests/core/http/tls_server.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <utility>

namespace sidelight::http {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

Bio Reading(const std::string& text) {
  return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free};
}

Certificate Parse(const std::string& pem) {
  return {PEM_read_bio_X509(Reading(pem).get(), nullptr, nullptr, nullptr), &X509_free};
}

SSL_CTX* MakeContext(const TlsServer::Options& options) {
  if (options.identity.key.empty()) return nullptr;
  SSL_CTX* const context = SSL_CTX_new(TLS_server_method());
  // What is old needs a lower level than Debian's.
  SSL_CTX_set_security_level(context, 0);
  SSL_CTX_set_min_proto_version(context, options.min_version);
  SSL_CTX_set_max_proto_version(context, options.max_version);
  EXPECT_EQ(SSL_CTX_use_certificate(context, Parse(options.identity.certificate).get()), 1);
  EVP_PKEY* const key =
      PEM_read_bio_PrivateKey(Reading(options.identity.key).get(), nullptr, nullptr, nullptr);
  EXPECT_EQ(SSL_CTX_use_PrivateKey(context, key), 1);
  EVP_PKEY_free(key);
  if (!options.client_authority.empty()) {
    const Certificate authority = Parse(options.client_authority);
    EXPECT_EQ(X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get()), 1);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  return context;
}

std::string CommonName(SSL* ssl) {
  const Certificate certificate(SSL_get1_peer_certificate(ssl), &X509_free);
  if (certificate == nullptr) return {};
  std::array<char, 256> name{};
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, name.data(),
                            static_cast<int>(name.size()));
  return name.data();
}

// Either kind of connection, with blocking calls.
struct Channel {
  int fd;
  SSL* ssl;

  bool Write(const std::string& bytes) const {
    if (bytes.empty()) return true;
    if (ssl != nullptr) return SSL_write(ssl, bytes.data(), static_cast<int>(bytes.size())) > 0;
    return ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
  }
  bool Read(std::string& into) const {
    std::array<char, 16 * 1024> piece;
    const int size = static_cast<int>(piece.size());
    const auto n =
        ssl != nullptr ? SSL_read(ssl, piece.data(), size) : ::recv(fd, piece.data(), piece.size(), 0);
    if (n > 0) into.append(piece.data(), static_cast<size_t>(n));
    return n > 0;
  }
  // A head, and what its Content-Length says.
  std::string ReadRequest() const {
    std::string text;
    size_t end = 0;
    while ((end = text.find("\r\n\r\n")) == std::string::npos) {
      if (!Read(text)) return {};
    }
    const size_t length = text.find("Content-Length: ");
    const size_t body = length < end ? std::strtoull(text.c_str() + length + 16, nullptr, 10) : 0;
    while (text.size() < end + 4 + body) {
      if (!Read(text)) return {};
    }
    return text;
  }
};

}  // namespace

TlsServer::TlsServer(Options options)
    : options_(std::move(options)), context_(MakeContext(options_), &SSL_CTX_free) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
  auto listener = net::Listener::Open(net::Address::Tcp("127.0.0.1", 0));
  EXPECT_TRUE(listener);
  listener_ = *std::move(listener);
  thread_ = std::thread([this] { Run(); });
}

TlsServer::~TlsServer() {
  stopping_ = true;
  thread_.join();
}

Url TlsServer::url(const std::string& host) const {
  const Result<Url> url = Url::Parse((context_ == nullptr ? "http://" : "https://") + host + ":" +
                                     std::to_string(listener_->bound().port()));
  EXPECT_TRUE(url);
  return *url;
}

std::vector<TlsServer::Seen> TlsServer::Await(size_t n) const {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::seconds(60), [&] { return seen_.size() >= n; });
  EXPECT_GE(seen_.size(), n);
  return seen_.empty() ? std::vector<Seen>(1) : seen_;
}

void TlsServer::Remember(Seen seen) {
  const std::lock_guard lock(mutex_);
  seen_.push_back(std::move(seen));
  changed_.notify_all();
}

// Waits for it, or for the end of the test.
bool TlsServer::Readable(int fd) const {
  while (!stopping_) {
    pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
    if (::poll(&entry, 1, 10) > 0) return true;
  }
  return false;
}

void TlsServer::Run() {
  for (int number = 1; Readable(listener_->fd()); ++number) {
    const int fd = ::accept4(listener_->fd(), nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    const timeval patience{.tv_sec = 30, .tv_usec = 0};
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    Serve(fd, number);
    ::close(fd);
  }
}

void TlsServer::Serve(int fd, int number) {
  const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(context_ == nullptr ? nullptr : SSL_new(context_.get()),
                                                      &SSL_free);
  Seen seen{.connection = number};
  if (ssl != nullptr) {
    SSL_set_fd(ssl.get(), fd);
    const bool shaken = SSL_accept(ssl.get()) == 1;
    ERR_clear_error();
    if (const char* const name = SSL_get_servername(ssl.get(), TLSEXT_NAMETYPE_host_name)) {
      seen.server_name = name;
    }
    if (!shaken) return Remember(std::move(seen));
    seen.client = CommonName(ssl.get());
    seen.version = SSL_get_version(ssl.get());
  }
  const Channel channel{fd, ssl.get()};
  int answered = 0;
  do {
    seen.request = channel.ReadRequest();
    if (seen.request.empty()) return;
    if (answered++ == options_.answers) return Remember(std::move(seen));
    if (options_.end == End::kHang) {
      Remember(seen);
      while (Readable(fd)) {
        std::string ignored;
        if (!channel.Read(ignored)) return;
      }
      return;
    }
    seen.sent = channel.Write(options_.response) ? options_.response.size() : 0;
    for (size_t i = 0; i < options_.more_times && !stopping_; ++i) {
      if (options_.pause > Duration::zero()) std::this_thread::sleep_for(options_.pause);
      if (!channel.Write(options_.more)) break;
      seen.sent += options_.more.size();
    }
    ERR_clear_error();
    Remember(seen);
  } while (options_.end == End::kStay && Readable(fd));
  if (ssl != nullptr && options_.end == End::kGoodbye) SSL_shutdown(ssl.get());
  ERR_clear_error();
}

}  // namespace sidelight::http
