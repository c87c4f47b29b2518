// The HTTP/1 client: a request, and the whole response back, over TLS where the URL says https. Blocks; for
// threads that may wait, never for a loop. Any thread.
//
//   Result<Response> answer = http::Fetch(*Url::Parse("http://127.0.0.1:9464"), {.target = "/metrics"});
//
// For many requests to the same server: client_connection.h.
#pragma once

#include <cstddef>
#include <string>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/http/message.h"
#include "core/http/response_parser.h"
#include "core/http/tls_settings.h"
#include "core/http/url.h"

namespace sidelight::http {

struct ClientOptions {
  // For each address of a name, and for the TLS handshake.
  Duration connect_timeout = std::chrono::seconds(5);
  // From the first try to connect to the response's last byte. How long a name may take to resolve is the
  // system's to say, and not in it.
  Duration timeout = std::chrono::seconds(30);
  size_t max_head_bytes = 64 * 1024;
  size_t max_body_bytes = 64 << 20;
  Excess excess = Excess::kRefuse;  // kCut: for whom the status says it all
  TlsSettings tls = {};             // of https
};

struct ClientRequest {
  std::string method = "GET";     // or another whose response has a body: not HEAD
  std::string target = "/";       // path and query, behind the path of the URL
  std::string content_type = {};  // of the body
  Fields headers = {};            // further ones; a User-Agent takes the place of ours
  std::string body = {};          // as it goes out: whoever compresses it says so in the headers
  bool repeatable = false;        // doing it twice is doing it once (ClientConnection)
};

// Any status is a response; redirects are not followed. Errors name the URL's host: kNotFound when its name
// does not resolve, kUnavailable when nobody answers or TLS comes to nothing (the server is not whom we
// trust, a file of the settings cannot be read, the connection was cut), kTimeout, kLimit, and
// kInvalidArgument for what is no HTTP. None shows a header or a body that was sent.
Result<Response> Fetch(const Url& url, const ClientRequest& request, const ClientOptions& options = {});

}  // namespace sidelight::http
