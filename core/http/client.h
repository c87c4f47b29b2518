// The HTTP/1 client: one request on a connection of its own, the whole response back. Blocks; for threads
// that may wait, never for a loop. Any thread.
//
//   Result<Response> answer = http::Fetch(*Url::Parse("http://127.0.0.1:9464"), {.target = "/metrics"});
#pragma once

#include <cstddef>
#include <string>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/http/message.h"
#include "core/http/url.h"

namespace sidelight::http {

struct ClientOptions {
  Duration connect_timeout = std::chrono::seconds(5);  // for each address of a name
  Duration timeout = std::chrono::seconds(30);         // from the connection to the response's last byte
  size_t max_head_bytes = 64 * 1024;
  size_t max_body_bytes = 64 << 20;
};

struct ClientRequest {
  std::string method = "GET";     // or another whose response has a body: not HEAD
  std::string target = "/";       // path and query, behind the path of the URL
  std::string content_type = {};  // of the body
  Fields headers = {};            // further ones, without line breaks
  std::string body = {};
};

// Any status is a response; redirects are not followed. Errors name the URL's host: kNotFound when its name
// does not resolve, kUnavailable when nobody answers, kTimeout, kLimit, and kInvalidArgument for what is no
// HTTP.
Result<Response> Fetch(const Url& url, const ClientRequest& request, const ClientOptions& options = {});

}  // namespace sidelight::http
