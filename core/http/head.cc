#include "core/http/head.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>

namespace sidelight::http {
namespace {

tl::unexpected<Failure> Refuse(int status, std::string_view code, std::string message) {
  return tl::unexpected<Failure>(Failure{status, code, std::move(message)});
}

tl::unexpected<Failure> BadRequest(std::string message) {
  return Refuse(400, "bad_request", std::move(message));
}

// RFC 9110 section 5.6.2.
bool IsToken(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  if (text.empty()) return false;
  for (const char c : text) {
    const bool alphanumeric = ('0' <= c && c <= '9') || ('A' <= c && c <= 'Z') || ('a' <= c && c <= 'z');
    if (!alphanumeric && kMarks.find(c) == std::string_view::npos) return false;
  }
  return true;
}

bool HasControl(std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && byte != '\t') || byte == 0x7f) return true;
  }
  return false;
}

std::string_view TrimBlanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

int HexValue(char c) {
  if ('0' <= c && c <= '9') return c - '0';
  if ('a' <= c && c <= 'f') return c - 'a' + 10;
  if ('A' <= c && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_space) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      decoded += ' ';
    } else if (text[i] != '%') {
      decoded += text[i];
    } else {
      if (text.size() - i < 3) return std::nullopt;
      const int high = HexValue(text[i + 1]);
      const int low = HexValue(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      decoded += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return decoded;
}

// The next line of `rest` without its end, which is LF or CRLF.
std::string_view TakeLine(std::string_view* rest) {
  const size_t end = rest->find('\n');
  std::string_view line = rest->substr(0, end);
  rest->remove_prefix(end == std::string_view::npos ? rest->size() : end + 1);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

tl::expected<void, Failure> ParseQuery(std::string_view text, Fields* query) {
  while (!text.empty()) {
    const size_t end = text.find('&');
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (pair.empty()) continue;
    const size_t equals = pair.find('=');
    const auto name = PercentDecode(pair.substr(0, equals), true);
    const auto value =
        PercentDecode(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1), true);
    if (!name || !value) return BadRequest("the query has a '%' without two hexadecimal digits after it");
    query->emplace_back(*name, *value);
  }
  return {};
}

tl::expected<void, Failure> ParseTarget(std::string_view target, Request* request) {
  if (const size_t fragment = target.find('#'); fragment != std::string_view::npos) {
    target = target.substr(0, fragment);
  }
  if (!target.starts_with('/') && target != "*") {
    // The absolute form, which a server must accept (RFC 9112 section 3.2.2): scheme and authority are
    // dropped.
    const size_t authority = target.find("://");
    if (authority == std::string_view::npos) {
      return BadRequest("the request line must name a path that starts with '/'");
    }
    const size_t path = target.find_first_of("/?", authority + 3);
    target = path == std::string_view::npos ? std::string_view() : target.substr(path);
  }
  const size_t question = target.find('?');
  const auto path = PercentDecode(target.substr(0, question), false);
  if (!path) return BadRequest("the path has a '%' without two hexadecimal digits after it");
  request->path = path->empty() ? "/" : *path;
  if (question == std::string_view::npos) return {};
  return ParseQuery(target.substr(question + 1), &request->query);
}

tl::expected<void, Failure> ParseRequestLine(std::string_view line, Head* head) {
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) {
    return BadRequest("the first line is no request line; it should read like 'GET /metrics HTTP/1.1'");
  }
  const std::string_view method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (!IsToken(method)) return BadRequest("the method of the request line is no word");
  if (target.find(' ') != std::string_view::npos || HasControl(target)) {
    return BadRequest("the path of the request line has blanks or control characters; write them as %20");
  }
  if (version == "HTTP/1.0") {
    head->http_1_0 = true;
    head->keep_alive = false;
  } else if (version != "HTTP/1.1") {
    if (version.starts_with("HTTP/")) {
      return Refuse(505, "version_not_supported", "this server speaks HTTP/1.1 and HTTP/1.0");
    }
    return BadRequest("the request line does not end with HTTP/1.1");
  }
  head->request.method = method;
  return ParseTarget(target, &head->request);
}

tl::expected<void, Failure> ParseContentLength(std::string_view value, Head* head) {
  // Eighteen digits fit every body and never overflow.
  if (value.empty() || value.size() > 18 || value.find_first_not_of("0123456789") != std::string_view::npos) {
    return BadRequest("Content-Length is no number of bytes");
  }
  uint64_t length = 0;
  for (const char c : value) length = length * 10 + static_cast<uint64_t>(c - '0');
  if (head->framing == BodyFraming::kLength && head->content_length != length) {
    return BadRequest("there are two different values of Content-Length");
  }
  head->framing = BodyFraming::kLength;
  head->content_length = length;
  return {};
}

void ReadConnectionOptions(std::string_view value, Head* head) {
  while (!value.empty()) {
    const size_t comma = value.find(',');
    const std::string_view option = TrimBlanks(value.substr(0, comma));
    if (EqualsIgnoringCase(option, "close")) head->keep_alive = false;
    if (EqualsIgnoringCase(option, "keep-alive") && head->http_1_0) head->keep_alive = true;
    value.remove_prefix(comma == std::string_view::npos ? value.size() : comma + 1);
  }
}

// What the headers say about the body and the connection. A message whose end two readers could see at
// different places is refused (RFC 9112 section 6.3).
tl::expected<void, Failure> ReadFraming(Head* head) {
  bool transfer_encoding = false;
  for (const auto& [name, value] : head->request.headers) {
    if (EqualsIgnoringCase(name, "Content-Length")) {
      if (auto read = ParseContentLength(value, head); !read) return read;
    } else if (EqualsIgnoringCase(name, "Transfer-Encoding")) {
      if (!EqualsIgnoringCase(value, "chunked") || transfer_encoding) {
        return Refuse(501, "not_implemented", "the only Transfer-Encoding known here is chunked");
      }
      transfer_encoding = true;
    } else if (EqualsIgnoringCase(name, "Expect")) {
      if (!EqualsIgnoringCase(value, "100-continue")) {
        return Refuse(417, "expectation_failed", "the only Expect known here is 100-continue");
      }
      head->expect_continue = !head->http_1_0;
    } else if (EqualsIgnoringCase(name, "Connection")) {
      ReadConnectionOptions(value, head);
    }
  }
  if (transfer_encoding) {
    if (head->framing == BodyFraming::kLength) {
      return BadRequest("Content-Length and Transfer-Encoding exclude each other");
    }
    if (head->http_1_0) return BadRequest("HTTP/1.0 has no Transfer-Encoding");
    head->framing = BodyFraming::kChunked;
  }
  return {};
}

}  // namespace

size_t FindHeadEnd(std::string_view bytes, size_t* from) {
  size_t start = 0;
  while (start < bytes.size() && (bytes[start] == '\r' || bytes[start] == '\n')) ++start;
  size_t at = std::max(*from, start);
  while (true) {
    const size_t line_feed = bytes.find('\n', at);
    if (line_feed == std::string_view::npos) {
      *from = bytes.size();
      return 0;
    }
    size_t next = line_feed + 1;
    if (next < bytes.size() && bytes[next] == '\r') ++next;
    if (next >= bytes.size()) {
      *from = line_feed;
      return 0;
    }
    if (bytes[next] == '\n') return next + 1;
    at = line_feed + 1;
  }
}

tl::expected<void, Failure> ParseHead(std::string_view bytes, Head* head) {
  while (!bytes.empty() && (bytes.front() == '\r' || bytes.front() == '\n')) bytes.remove_prefix(1);
  const std::string_view request_line = TakeLine(&bytes);
  // The headers are read even when the request line is wrong: the refusal may need one of them.
  tl::expected<void, Failure> result = ParseRequestLine(request_line, head);
  while (!bytes.empty()) {
    const std::string_view line = TakeLine(&bytes);
    if (line.empty()) break;
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || !IsToken(line.substr(0, colon))) {
      if (result) result = BadRequest("a header line must read 'Name: value'");
      continue;
    }
    const std::string_view value = TrimBlanks(line.substr(colon + 1));
    if (HasControl(value)) {
      if (result) {
        result = BadRequest(fmt::format("the header {} has control characters in it", line.substr(0, colon)));
      }
      continue;
    }
    head->request.headers.emplace_back(line.substr(0, colon), value);
  }
  if (!result) return result;
  return ReadFraming(head);
}

}  // namespace sidelight::http
