// GrpcConnection: unary gRPC calls to one server, one after the other, on an HTTP/2 connection that is kept
// between them: in the clear from the first byte on ("prior knowledge"), or over TLS where the URL says
// https. Blocks; one thread at a time.
//
//   http::GrpcConnection collector(url, {.timeout = std::chrono::seconds(10)});
//   Result<GrpcAnswer> answer = collector.Call({.method = "/package.Service/Method", .message = ...});
//
// A connection that the server has said goodbye on (GOAWAY) is not used again. A call that the server says it
// has not looked at is made again, once, on a new connection.
//
// Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md , RFC 9113.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/http/client.h"
#include "core/http/message.h"
#include "core/http/url.h"

namespace sidelight::http {

class Http2Session;

// Why a call came to nothing, or that it did not: gRPC's status codes.
enum class GrpcStatus : int {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};
// "UNAVAILABLE"
std::string_view GrpcStatusName(GrpcStatus status);

struct GrpcRequest {
  std::string method;    // "/package.Service/Method"
  std::string message;   // as it is encoded
  bool is_gzip = false;  // the message was compressed by the caller
  Fields metadata = {};  // further header fields; names in any case, without those of HTTP/2 and gRPC itself
};

struct GrpcAnswer {
  GrpcStatus status = GrpcStatus::kOk;
  std::string text;  // of a status that is not kOk: the server's, or what stands for it
  std::string
      details;  // grpc-status-details-bin, decoded: a google.rpc.Status message; "" when there is none
  std::string message;  // of kOk
  // Of kOk: why there is no message although there should be one. The server did what it was asked to.
  std::string problem;
};

class GrpcConnection {
 public:
  // As ClientConnection's.
  GrpcConnection(Url url, ClientOptions options, Duration idle_limit = std::chrono::seconds(90));
  ~GrpcConnection();
  GrpcConnection(const GrpcConnection&) = delete;
  GrpcConnection& operator=(const GrpcConnection&) = delete;

  // Any status is an answer, also one that stands for an HTTP status without gRPC's or for a call that the
  // server broke off. Errors are those of Fetch(): kLimit for an answer that is larger than the options
  // allow, kInvalidArgument for what is no HTTP/2.
  Result<GrpcAnswer> Call(const GrpcRequest& request);
  // Ends the connection, if one is kept.
  void Close();

 private:
  Result<GrpcAnswer> Try(const GrpcRequest& request);

  const Url url_;
  const ClientOptions options_;
  const Duration idle_limit_;
  std::unique_ptr<Http2Session> session_;
  TimePoint idle_since_;
};

}  // namespace sidelight::http
