#include "core/http/tls_stream.h"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/http/tls_context.h"

namespace sidelight::http {
namespace {

constexpr size_t kPiece = 16 * 1024;  // a record's most
constexpr Duration kGoodbye = std::chrono::milliseconds(1);
constexpr std::string_view kCut = "the connection was cut, without the end that TLS has for it";

// The name that is verified, and sent: without the dot that ends a name from the root.
std::string NameOf(const TlsSettings& settings, std::string_view host) {
  std::string name = settings.server_name.empty() ? std::string(host) : settings.server_name;
  if (name.size() > 1 && name.ends_with('.')) name.pop_back();
  return name;
}

// Both are checked: a failure here would leave the certificate's name unverified.
bool Expect(SSL* ssl, const std::string& name) {
  X509_VERIFY_PARAM* const param = SSL_get0_param(ssl);
  X509_VERIFY_PARAM_set_hostflags(param,
                                  X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  if (X509_VERIFY_PARAM_set1_ip_asc(param, name.c_str()) == 1) return true;
  ERR_clear_error();
  return SSL_set1_host(ssl, name.c_str()) == 1 && SSL_set_tlsext_host_name(ssl, name.c_str()) == 1;
}

std::string ExplainVerification(long result, const std::string& name) {
  const std::string why = X509_verify_cert_error_string(result);
  switch (result) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return fmt::format("{}: it is not for \"{}\"; \"server_name\" can name what it is for", why, name);
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return fmt::format("{}: no authority that is trusted has signed it; \"ca_file\" can name one", why);
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return why + "; renew it, or set this machine's clock if that is wrong";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return why + "; wait, or set this machine's clock if that is wrong";
    default:
      return why;
  }
}

std::string_view Hint(int reason) {
  switch (reason) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
      return "; is TLS spoken at this port?";
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
      return "; it may want a client certificate: \"cert_file\" and \"key_file\"";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
      return "; see \"min_version\" and \"max_version\"";
    default:
      return "";
  }
}

}  // namespace

TlsStream::TlsStream(Socket& socket, std::shared_ptr<SSL_CTX> context, const TlsSettings& settings,
                     std::string_view host)
    : socket_(socket),
      context_(std::move(context)),
      name_(NameOf(settings, host)),
      ssl_(SSL_new(context_.get()), &SSL_free) {
  ERR_clear_error();
  in_ = BIO_new(BIO_s_mem());
  out_ = BIO_new(BIO_s_mem());
  if (ssl_ == nullptr || in_ == nullptr || out_ == nullptr) {
    BIO_free(in_);
    BIO_free(out_);
    failure_ = "OpenSSL has no memory for a connection";
    return;
  }
  BIO_set_mem_eof_return(in_, -1);  // empty means: not yet
  SSL_set_bio(ssl_.get(), in_, out_);
  SSL_set_connect_state(ssl_.get());
  if (!Expect(ssl_.get(), name_)) {
    failure_ = fmt::format("\"{}\" cannot be the name of a server", name_);
    ERR_clear_error();
  }
}

TlsStream::~TlsStream() {
  if (!handshake_done_ || !failure_.empty()) return;
  ERR_clear_error();
  if (SSL_shutdown(ssl_.get()) >= 0) Flush(SystemClock().Now() + kGoodbye);
  ERR_clear_error();
}

Io TlsStream::Flush(TimePoint deadline) {
  char* bytes = nullptr;
  const long n = BIO_get_mem_data(out_, &bytes);
  if (n <= 0) return Io::kOk;
  const std::string taken(bytes, static_cast<size_t>(n));
  BIO_reset(out_);
  return socket_.Write(taken, deadline);
}

Io TlsStream::Fill(TimePoint deadline) {
  received_.clear();
  const Io io = socket_.Read(&received_, deadline);
  if (io == Io::kOk) BIO_write(in_, received_.data(), static_cast<int>(received_.size()));
  return io;
}

std::string TlsStream::Explain() const {
  const long verified = SSL_get_verify_result(ssl_.get());
  const int reason = ERR_GET_REASON(ERR_peek_error());
  const bool verifies = SSL_get_verify_mode(ssl_.get()) != SSL_VERIFY_NONE;
  if (!handshake_done_ && verifies && verified != X509_V_OK) {
    ERR_clear_error();
    return "the server's certificate is not accepted: " + ExplainVerification(verified, name_);
  }
  const std::string text = TakeTlsError();
  return fmt::format("TLS failed: {}{}", text.empty() ? std::string(kCut) : text, Hint(reason));
}

// What an operation of OpenSSL still needs, once it has returned no success: kOk when it is to be tried
// again.
Io TlsStream::Step(int returned, TimePoint deadline) {
  const int error = SSL_get_error(ssl_.get(), returned);
  if (error == SSL_ERROR_ZERO_RETURN) return Io::kClosed;
  if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
    failure_ = Explain();
    // An alert tells the server why.
    Flush(SystemClock().Now() + kGoodbye);
    return Io::kClosed;
  }
  // A server that is done with us may have said why before it closed, so a failed write is no reason not to
  // read.
  if (Flush(deadline) == Io::kTimeout) return Io::kTimeout;
  if (error == SSL_ERROR_WANT_WRITE) return Io::kOk;
  const Io io = Fill(deadline);
  if (io == Io::kClosed) failure_ = kCut;
  return io;
}

void TlsStream::Offer(std::string_view protocol) {
  std::string list(1, static_cast<char>(protocol.size()));
  list += protocol;
  SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(list.data()),
                      static_cast<unsigned>(list.size()));
}

Io TlsStream::Handshake(TimePoint deadline) {
  while (failure_.empty()) {
    ERR_clear_error();
    const int returned = SSL_connect(ssl_.get());
    if (returned == 1) {
      handshake_done_ = true;
      return Flush(deadline) == Io::kTimeout ? Io::kTimeout : Io::kOk;
    }
    if (const Io io = Step(returned, deadline); io != Io::kOk) {
      if (io == Io::kClosed && failure_.empty()) failure_ = "the server ended the TLS handshake";
      return io;
    }
  }
  return Io::kClosed;
}

Io TlsStream::Read(std::string* into, TimePoint deadline) {
  std::array<char, kPiece> piece;
  while (failure_.empty()) {
    if (SystemClock().Now() >= deadline) return Io::kTimeout;
    ERR_clear_error();
    const int n = SSL_read(ssl_.get(), piece.data(), static_cast<int>(piece.size()));
    if (n > 0) {
      into->append(piece.data(), static_cast<size_t>(n));
      return Io::kOk;
    }
    if (const Io io = Step(n, deadline); io != Io::kOk) return io;
  }
  return Io::kClosed;
}

Io TlsStream::Write(std::string_view bytes, TimePoint deadline) {
  while (!bytes.empty() && failure_.empty()) {
    ERR_clear_error();
    const int n = SSL_write(ssl_.get(), bytes.data(), static_cast<int>(std::min(bytes.size(), kPiece)));
    if (n <= 0) {
      if (const Io io = Step(n, deadline); io != Io::kOk) return io;
      continue;
    }
    bytes.remove_prefix(static_cast<size_t>(n));
    if (const Io io = Flush(deadline); io != Io::kOk) return io;
  }
  return failure_.empty() ? Io::kOk : Io::kClosed;
}

bool TlsStream::IsDrained() const {
  return SSL_has_pending(ssl_.get()) == 0 && BIO_pending(in_) == 0;
}

}  // namespace sidelight::http
