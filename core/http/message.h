// Requests and responses as plain structs: what handlers see. Nothing here knows a socket or a library.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sidelight::http {

// Names and values in the order in which they came; a name may occur more than once.
using Fields = std::vector<std::pair<std::string, std::string>>;

// Whoever sent a request, for handlers that take long.
class Client {
 public:
  virtual ~Client() = default;
  // Calls `gone` at most once, on another thread, soon after the client has closed its side of the
  // connection.
  virtual uint64_t WhenGone(std::function<void()> gone) = 0;
  // Before the handler returns, with what WhenGone() gave. Afterwards `gone` is not called, nor is it
  // running.
  virtual void Forget(uint64_t watch) = 0;
};

struct Request {
  std::string method;          // as sent; unknown ones are refused before
  std::string path;            // percent-decoded, without the query
  Fields query;                // percent-decoded, '+' is a space
  Fields headers;              // values without surrounding blanks, otherwise the bytes as sent
  std::string body;            // without its framing
  std::string remote_address;  // an IP address without brackets or port; "unix" for a unix socket
  bool from_loopback = false;  // sent on this machine: from 127.0.0.0/8, ::1 or over a unix socket
  Client* client = nullptr;    // null where there is no connection; lives as long as the handler runs

  // The first value under that name, in any case; empty when there is none.
  std::string_view Header(std::string_view name) const;
  // All values under that name as one list, "a, b"; what RFC 9110 section 5.3 says they mean.
  std::string HeaderList(std::string_view name) const;
  // The values of a query parameter, in order.
  std::vector<std::string> QueryAll(std::string_view name) const;
};

struct Response {
  int status = 200;
  std::string content_type = {};  // "" where there is no body
  Fields headers = {};            // further ones; a value with a line break in it is not sent
  std::string body = {};          // not sent to HEAD, but its length is

  // The first value under that name among the headers, in any case; empty when there is none.
  std::string_view Header(std::string_view name) const;
};

using Handler = std::function<Response(const Request&)>;

// Why the server itself refuses a request, before or instead of the handler.
struct Failure {
  int status = 400;
  std::string_view code;  // a lower snake word, a constant: "bad_request"
  std::string message;    // a sentence for the person who reads the answer
};

// Makes the answer of a Failure. The request holds what was understood of it, perhaps nothing. Called on any
// of the server's threads, several at once.
using ErrorPage = std::function<Response(const Request&, const Failure&)>;

// Whether a header may have that name, and that value: a line break would begin another one.
bool IsHeaderName(std::string_view name);
bool IsHeaderValue(std::string_view value);

// Equal but for the case of ASCII letters.
bool EqualsIgnoringCase(std::string_view a, std::string_view b);

}  // namespace sidelight::http
