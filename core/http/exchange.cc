#include "core/http/exchange.h"

#include <fmt/format.h>
#include <httplib.h>

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

#include "core/base/log.h"

namespace sidelight::http {
namespace {

// Up to here a head and its body leave in one piece.
constexpr size_t kJoinBytes = 64 * 1024;

// What cpp-httplib reads and writes instead of a socket.
class ExchangeStream final : public httplib::Stream {
 public:
  ExchangeStream(std::string_view head, std::string_view body, const Exchange::Sink& sink)
      : head_(head), body_(body), sink_(sink) {}

  bool is_readable() const override { return true; }
  bool is_writable() const override { return true; }

  ssize_t read(char* into, size_t size) override {
    std::string_view& from = head_.empty() ? body_ : head_;
    const size_t n = std::min(size, from.size());
    std::copy_n(from.data(), n, into);
    from.remove_prefix(n);
    return static_cast<ssize_t>(n);
  }

  ssize_t write(const char* bytes, size_t size) override {
    const std::string_view piece(bytes, size);
    if (waiting_.size() + size <= kJoinBytes) {
      waiting_ += piece;
    } else if (!Flush() || !sink_(piece)) {
      failed_ = true;
    }
    // A loop of the library writes until everything is taken, so nothing may ever be "0 bytes for now".
    return failed_ ? -1 : static_cast<ssize_t>(size);
  }

  bool Flush() {
    if (!failed_ && !waiting_.empty()) failed_ = !sink_(waiting_);
    waiting_.clear();
    return !failed_;
  }

  void get_remote_ip_and_port(std::string& ip, int& port) const override {
    ip.clear();
    port = 0;
  }
  void get_local_ip_and_port(std::string& ip, int& port) const override {
    ip.clear();
    port = 0;
  }
  // The library answers 500 to any descriptor beyond FD_SETSIZE, which a proxy with many connections reaches.
  socket_t socket() const override { return INVALID_SOCKET; }

 private:
  std::string_view head_;
  std::string_view body_;
  const Exchange::Sink& sink_;
  std::string waiting_;
  bool failed_ = false;
};

bool IsCompressed(const Request& request) {
  if (request.body.empty()) return false;
  const std::string_view encoding = request.Header("Content-Encoding");
  return EqualsIgnoringCase(encoding, "gzip") || EqualsIgnoringCase(encoding, "deflate") ||
         EqualsIgnoringCase(encoding, "br");
}

std::string_view CanonicalEncoding(std::string_view encoding) {
  if (EqualsIgnoringCase(encoding, "br")) return "br";
  return EqualsIgnoringCase(encoding, "deflate") ? "deflate" : "gzip";
}

}  // namespace

class Exchange::Backend final : private httplib::Server {
 public:
  Backend(const ServerOptions& options, const http::Handler& handler) : options_(options), handler_(handler) {
    // A body that must be decoded goes on to the content handler, everything else is answered here.
    set_pre_routing_handler([this](const httplib::Request&, httplib::Response& out) {
      if (decoding_) return HandlerResponse::Unhandled;
      Fill(failure_ == nullptr ? Call() : options_.error_page(*request_, *failure_), out);
      return HandlerResponse::Handled;
    });
    Post("/", [this](const httplib::Request&, httplib::Response& out, const httplib::ContentReader& reader) {
      DecodeAndAnswer(out, reader);
    });
    set_post_routing_handler([this](const httplib::Request&, httplib::Response& out) { SetConnection(out); });
  }

  bool Run(const Request& request, Request* decodable, const Failure* failure, Connection connection,
           const Sink& sink) {
    request_ = &request;
    decodable_ = decodable;
    failure_ = failure;
    connection_ = connection;
    const bool is_head = request.method == "HEAD";
    decoding_ = decodable != nullptr && !is_head && IsCompressed(request);
    std::string head = is_head ? "HEAD / HTTP/1.1\r\n\r\n" : "GET / HTTP/1.1\r\n\r\n";
    std::string body;
    if (decoding_) {
      body = std::move(decodable->body);
      head = fmt::format("POST / HTTP/1.1\r\nContent-Length: {}\r\nContent-Encoding: {}\r\n\r\n", body.size(),
                         CanonicalEncoding(request.Header("Content-Encoding")));
    }
    ExchangeStream stream(head, body, sink);
    bool closed = false;
    const bool written = process_request(stream, connection == Connection::kClose, closed, nullptr);
    return stream.Flush() && written;
  }

 private:
  http::Response Call() {
    std::string what = "an unknown exception";
    try {
      return handler_(*request_);
    } catch (const std::exception& e) {
      what = e.what();
    } catch (...) {
    }
    log::Error("an API handler failed",
               {{"method", request_->method}, {"path", request_->path}, {"error", what}});
    return options_.error_page(*request_, Failure{500, "internal",
                                                  "the request failed inside the server; its log has a line "
                                                  "about it"});
  }

  void DecodeAndAnswer(httplib::Response& out, const httplib::ContentReader& reader) {
    std::string decoded;
    bool too_large = false;
    // The bound holds for what comes out: a few kilobytes can become gigabytes.
    const bool whole = reader([&](const char* bytes, size_t n) {
      too_large = n > options_.max_body_bytes - decoded.size();
      if (!too_large) decoded.append(bytes, n);
      return !too_large;
    });
    if (whole) {
      decodable_->body = std::move(decoded);
      std::erase_if(decodable_->headers,
                    [](const auto& field) { return EqualsIgnoringCase(field.first, "Content-Encoding"); });
      Fill(Call(), out);
      return;
    }
    const Failure failure =
        too_large ? Failure{413, "payload_too_large",
                            fmt::format("a decoded request body may have at most {} bytes",
                                        options_.max_body_bytes)}
                  : Failure{400, "bad_request", "the body is not what its Content-Encoding says"};
    Fill(options_.error_page(*request_, failure), out);
  }

  static void Fill(http::Response from, httplib::Response& out) {
    out.status = from.status;
    out.headers.clear();
    if (!from.content_type.empty()) out.set_header("Content-Type", from.content_type);
    for (const auto& [name, value] : from.headers) out.set_header(name, value);
    out.body = std::move(from.body);
  }

  // The library's own words about the connection know nothing of our deadlines.
  void SetConnection(httplib::Response& out) {
    out.headers.erase("Keep-Alive");
    out.headers.erase("Accept-Ranges");
    out.headers.erase("Connection");
    if (connection_ == Connection::kClose) out.set_header("Connection", "close");
    if (connection_ == Connection::kKeepAliveSaid) out.set_header("Connection", "keep-alive");
    if (out.status == 204) out.headers.erase("Content-Length");
  }

  const ServerOptions& options_;
  const http::Handler& handler_;
  const Request* request_ = nullptr;
  Request* decodable_ = nullptr;
  const Failure* failure_ = nullptr;
  Connection connection_ = Connection::kClose;
  bool decoding_ = false;
};

Exchange::Exchange(const ServerOptions& options, const Handler& handler)
    : backend_(std::make_unique<Backend>(options, handler)) {}
Exchange::~Exchange() = default;

bool Exchange::Answer(Request* request, Connection connection, const Sink& sink) {
  return backend_->Run(*request, request, nullptr, connection, sink);
}

bool Exchange::Refuse(const Request& request, const Failure& failure, const Sink& sink) {
  return backend_->Run(request, nullptr, &failure, Connection::kClose, sink);
}

}  // namespace sidelight::http
