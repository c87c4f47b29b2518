#include "core/http/grpc_connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "core/base/letter_case.h"
#include "core/http/http2_session.h"
#include "core/http/link.h"

namespace sidelight::http {
namespace {

constexpr size_t kPrefix = 5;  // of a message: whether it is compressed, and its length, big-endian

constexpr std::array<std::string_view, 17> kNames = {
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};

// "10000m": at most eight digits.
std::string TimeoutText(Duration timeout) {
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count();
  return millis < 100'000'000 ? fmt::format("{}m", millis)
                              : fmt::format("{}S", std::min<int64_t>(millis / 1000, 99'999'999));
}

std::string Framed(const GrpcRequest& request) {
  std::string framed;
  framed.reserve(kPrefix + request.message.size());
  framed += request.is_gzip ? '\1' : '\0';
  const auto size = static_cast<uint32_t>(request.message.size());
  for (const int shift : {24, 16, 8, 0}) framed += static_cast<char>(size >> shift);
  return framed += request.message;
}

// What came without gRPC's own status, from a proxy perhaps.
GrpcStatus StatusOfHttp(int status) {
  switch (status) {
    case 400:
      return GrpcStatus::kInternal;
    case 401:
      return GrpcStatus::kUnauthenticated;
    case 403:
      return GrpcStatus::kPermissionDenied;
    case 404:
      return GrpcStatus::kUnimplemented;
    case 429:
    case 502:
    case 503:
    case 504:
      return GrpcStatus::kUnavailable;
    default:
      return GrpcStatus::kUnknown;
  }
}

// What the end of a stream stands for that the server broke off.
GrpcStatus StatusOfReset(uint32_t code) {
  switch (code) {
    case NGHTTP2_REFUSED_STREAM:
      return GrpcStatus::kUnavailable;
    case NGHTTP2_CANCEL:
      return GrpcStatus::kCancelled;
    case NGHTTP2_ENHANCE_YOUR_CALM:
      return GrpcStatus::kResourceExhausted;
    case NGHTTP2_INADEQUATE_SECURITY:
      return GrpcStatus::kPermissionDenied;
    default:
      return GrpcStatus::kInternal;
  }
}

std::optional<std::string_view> Last(const Fields& fields, std::string_view name) {
  for (auto field = fields.rbegin(); field != fields.rend(); ++field) {
    if (field->first == name) return field->second;
  }
  return std::nullopt;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// grpc-message is percent-encoded; what is not well encoded stays as it is.
std::string PercentDecoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 && HexDigit(text[i + 2]) >= 0) {
      out += static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

int Base64Digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  return c == '/' || c == '_' ? 63 : -1;
}

// With or without padding, as PROTOCOL-HTTP2 wants it taken; "" when it is none.
std::string Base64Decoded(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string out;
  uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const int digit = Base64Digit(c);
    if (digit < 0) return {};
    bits = bits << 6 | static_cast<uint32_t>(digit);
    held += 6;
    if (held >= 8) {
      held -= 8;
      out += static_cast<char>(bits >> held);
    }
  }
  return out;
}

// The one message of the body; with `problem`, none.
std::string Unframed(std::string_view body, std::string* problem) {
  const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<uint8_t>(body[i])); };
  if (body.size() < kPrefix) {
    *problem = "the answer holds no gRPC message";
    return {};
  }
  if (byte(0) != 0) {
    *problem = "the answer is compressed, which was not asked for";
    return {};
  }
  const uint32_t size = byte(1) << 24 | byte(2) << 16 | byte(3) << 8 | byte(4);
  if (size != body.size() - kPrefix) {
    *problem =
        fmt::format("the answer's message should have {} bytes and has {}", size, body.size() - kPrefix);
    return {};
  }
  return std::string(body.substr(kPrefix));
}

GrpcAnswer Understood(const Http2Session::Reply& reply) {
  GrpcAnswer answer;
  if (reply.reset != NGHTTP2_NO_ERROR) {
    answer.status = StatusOfReset(reply.reset);
    answer.text = fmt::format("the server broke the call off ({})", nghttp2_http2_strerror(reply.reset));
  } else if (const auto status = Last(reply.headers, "grpc-status")) {
    int code = -1;
    const auto [end, error] = std::from_chars(status->data(), status->data() + status->size(), code);
    const bool known = error == std::errc() && end == status->data() + status->size() && code >= 0 &&
                       code < static_cast<int>(kNames.size());
    answer.status = known ? static_cast<GrpcStatus>(code) : GrpcStatus::kUnknown;
    answer.text = PercentDecoded(Last(reply.headers, "grpc-message").value_or(""));
    answer.details = Base64Decoded(Last(reply.headers, "grpc-status-details-bin").value_or(""));
  } else {
    answer.status = StatusOfHttp(reply.status);
    answer.text = fmt::format("the answer has HTTP status {} and no gRPC status", reply.status);
  }
  if (answer.status == GrpcStatus::kOk) answer.message = Unframed(reply.body, &answer.problem);
  return answer;
}

// What HTTP/2 has no place for (RFC 9113 section 8.2.2), and what the protocol says itself.
bool IsReserved(std::string_view lowercase) {
  constexpr std::array<std::string_view, 9> kReserved = {
      "connection", "content-length",    "content-type", "host", "keep-alive", "proxy-connection",
      "te",         "transfer-encoding", "upgrade"};
  return lowercase.starts_with("grpc-") ||
         std::find(kReserved.begin(), kReserved.end(), lowercase) != kReserved.end();
}

Status Check(const Fields& metadata) {
  for (const auto& [name, value] : metadata) {
    if (!IsHeaderName(name) || !IsHeaderValue(value)) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("the header {} has a character in it that does not belong there",
                              IsHeaderName(name) ? name : "without a proper name"));
    }
    if (IsReserved(ToLower(name))) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("the header {} is the protocol's own and cannot be set", name));
    }
  }
  return {};
}

Fields Headers(const Url& url, const GrpcRequest& request, Duration timeout) {
  Fields headers = {{":method", "POST"},
                    {":scheme", url.tls ? "https" : "http"},
                    {":path", url.path + request.method},
                    {":authority", url.authority},
                    {"te", "trailers"},
                    {"content-type", "application/grpc"},
                    {"grpc-timeout", TimeoutText(timeout)},
                    {"grpc-accept-encoding", "identity"}};
  if (request.is_gzip) headers.emplace_back("grpc-encoding", "gzip");
  bool names_itself = false;
  for (const auto& [name, value] : request.metadata) {
    headers.emplace_back(ToLower(name), value);
    names_itself = names_itself || headers.back().first == "user-agent";
  }
  if (!names_itself) headers.emplace_back("user-agent", "sidelight");
  return headers;
}

}  // namespace

std::string_view GrpcStatusName(GrpcStatus status) {
  return kNames[static_cast<size_t>(status)];
}

GrpcConnection::GrpcConnection(Url url, ClientOptions options, Duration idle_limit)
    : url_(std::move(url)), options_(std::move(options)), idle_limit_(idle_limit) {}

GrpcConnection::~GrpcConnection() = default;

void GrpcConnection::Close() {
  session_.reset();
}

Result<GrpcAnswer> GrpcConnection::Call(const GrpcRequest& request) {
  Result<GrpcAnswer> answer = Try(request);
  if (!answer) {
    Close();
    answer.error().message = fmt::format("{}: {}", url_.authority, answer.error().message);
  }
  return answer;
}

Result<GrpcAnswer> GrpcConnection::Try(const GrpcRequest& request) {
  if (const Status checked = Check(request.metadata); !checked) return tl::unexpected<Error>(checked.error());
  const TimePoint deadline = SystemClock().Now() + options_.timeout;
  const std::string body = Framed(request);
  const Fields headers = Headers(url_, request, options_.timeout);
  for (int attempt = 0;; ++attempt) {
    if (session_ != nullptr && (SystemClock().Now() - idle_since_ > idle_limit_ ||
                                !session_->link().IsCurrent(options_) || !session_->IsUsable())) {
      Close();
    }
    if (session_ == nullptr) {
      Result<std::unique_ptr<Link>> link = Link::Make(url_, options_, deadline, Link::Version::kHttp2);
      if (!link) return tl::unexpected<Error>(std::move(link.error()));
      Result<std::unique_ptr<Http2Session>> session = Http2Session::Start(
          *std::move(link),
          {.max_head_bytes = options_.max_head_bytes, .max_body_bytes = options_.max_body_bytes});
      if (!session) return tl::unexpected<Error>(std::move(session.error()));
      session_ = *std::move(session);
    }
    Result<Http2Session::Reply> reply = session_->Exchange(headers, body, deadline);
    if (!reply) return tl::unexpected<Error>(std::move(reply.error()));
    idle_since_ = SystemClock().Now();
    if (!reply->refused) return Understood(*reply);
    Close();
    if (attempt == 1) return Fail(ErrorCode::kUnavailable, "the server does not take the call");
  }
}

}  // namespace sidelight::http
