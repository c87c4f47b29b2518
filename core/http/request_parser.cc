#include "core/http/request_parser.h"

#include <fmt/format.h>

#include <utility>

#include "core/http/target.h"

namespace sidelight::http {
namespace {

// Browsers and scrapers send about a dozen.
constexpr size_t kMaxHeaders = 128;

Failure BadRequest(std::string message) {
  return {400, "bad_request", std::move(message)};
}

bool IsTokenByte(char c) {
  return ('0' <= c && c <= '9') || ('A' <= c && c <= 'Z') || ('a' <= c && c <= 'z') || c == '-' || c == '_';
}

}  // namespace

RequestParser::RequestParser(size_t max_head_bytes, size_t max_body_bytes)
    : max_head_bytes_(max_head_bytes), max_body_bytes_(max_body_bytes) {
  llhttp_init(&http_, HTTP_REQUEST, &Callbacks());
  http_.data = this;
}

const llhttp_settings_t& RequestParser::Callbacks() {
  static const llhttp_settings_t callbacks = [] {
    const auto line_end = [](llhttp_t* http) {
      Of(http).at_line_end_ = true;
      return static_cast<int>(HPE_PAUSED);
    };
    const auto dropped = [](llhttp_t* http, const char*, size_t n) { return Of(http).OnDropped(n); };
    llhttp_settings_t made;
    llhttp_settings_init(&made);
    made.on_url = [](llhttp_t* http, const char* at, size_t n) {
      Of(http).target_.append(at, n);
      return 0;
    };
    made.on_url_complete = [](llhttp_t* http) {
      Of(http).target_is_whole_ = true;
      return 0;
    };
    made.on_header_field = [](llhttp_t* http, const char* at, size_t n) {
      return Of(http).OnHeaderName({at, n});
    };
    made.on_header_value = [](llhttp_t* http, const char* at, size_t n) {
      return Of(http).OnHeaderValue({at, n});
    };
    made.on_header_value_complete = [](llhttp_t* http) {
      Of(http).in_header_ = false;
      return 0;
    };
    made.on_headers_complete = [](llhttp_t* http) {
      // Another protocol is never switched to: a request that offers one is answered in this one.
      http->upgrade = 0;
      Of(http).head_is_whole_ = Of(http).at_line_end_ = true;
      Of(http).announced_bytes_ = http->content_length;
      return static_cast<int>(HPE_PAUSED);
    };
    made.on_chunk_header = [](llhttp_t* http) {
      Of(http).announced_bytes_ = http->content_length;
      Of(http).at_line_end_ = true;
      return static_cast<int>(HPE_PAUSED);
    };
    made.on_chunk_extension_name = dropped;
    made.on_chunk_extension_value = dropped;
    made.on_chunk_complete = line_end;
    made.on_body = [](llhttp_t* http, const char* at, size_t n) {
      Of(http).request_.body.append(at, n);
      return 0;
    };
    made.on_message_complete = [](llhttp_t* http) {
      Of(http).is_whole_ = true;
      Of(http).keep_alive_ = llhttp_should_keep_alive(http) != 0;
      Of(http).at_line_end_ = (http->flags & F_CHUNKED) != 0;
      return static_cast<int>(HPE_PAUSED);
    };
    return made;
  }();
  return callbacks;
}

tl::expected<size_t, Failure> RequestParser::Feed(std::string_view bytes) {
  size_t used = 0;
  bool paused = false;
  // After a pause llhttp may have something to say without a further byte: a request without a body is whole.
  while (!is_whole_ && (paused || used < bytes.size())) {
    const bool in_head = !head_is_whole_;
    std::string_view piece = bytes.substr(used);
    if (in_head) piece = piece.substr(0, max_head_bytes_ - head_bytes_);
    const llhttp_errno_t error = llhttp_execute(&http_, piece.data(), piece.size());
    paused = error == HPE_PAUSED;
    if (failure_) return tl::unexpected<Failure>(*failure_);
    if (error != HPE_OK && !paused) return tl::unexpected<Failure>(Explain(error));
    const size_t n = paused ? static_cast<size_t>(llhttp_get_error_pos(&http_) - piece.data()) : piece.size();
    if (n > 0) last_byte_ = piece[n - 1];
    used += n;
    if (in_head) head_bytes_ += n;
    if (paused) {
      if (auto status = OnPause(in_head); !status) return tl::unexpected<Failure>(status.error());
    } else if (in_head && head_bytes_ == max_head_bytes_) {
      return tl::unexpected<Failure>(HeadTooLarge());
    }
  }
  return used;
}

tl::expected<void, Failure> RequestParser::OnPause(bool at_head_end) {
  llhttp_resume(&http_);
  // llhttp's own check of this is a choice of its build, and the taps need the other one.
  if (std::exchange(at_line_end_, false) && last_byte_ != '\n') {
    return tl::unexpected<Failure>(
        BadRequest("a line of the request, or a chunk of its body, does not end with CRLF"));
  }
  if (at_head_end) {
    if (auto status = OnHead(); !status) return status;
  }
  if (std::exchange(announced_bytes_, 0) <= max_body_bytes_ - request_.body.size()) return {};
  return tl::unexpected<Failure>(Failure{
      413, "payload_too_large", fmt::format("a request body may have at most {} bytes", max_body_bytes_)});
}

int RequestParser::OnHeaderName(std::string_view piece) {
  if (head_is_whole_) return OnDropped(piece.size());
  if (!std::exchange(in_header_, true)) {
    if (request_.headers.size() == kMaxHeaders) {
      failure_ = Failure{431, "headers_too_large",
                         fmt::format("the head of the request has more than {} headers", kMaxHeaders)};
      return -1;
    }
    request_.headers.emplace_back();
  }
  request_.headers.back().first += piece;
  return 0;
}

int RequestParser::OnHeaderValue(std::string_view piece) {
  if (head_is_whole_) return OnDropped(piece.size());
  request_.headers.back().second += piece;
  return 0;
}

int RequestParser::OnDropped(size_t n) {
  dropped_bytes_ += n;
  if (dropped_bytes_ <= max_head_bytes_) return 0;
  failure_ = Failure{
      431, "headers_too_large",
      fmt::format("the body has more than {} bytes of trailers and chunk extensions", max_head_bytes_)};
  return -1;
}

// What llhttp leaves open: which versions, codings and expectations this server knows.
tl::expected<void, Failure> RequestParser::OnHead() {
  const auto refuse = [](int status, std::string_view code, std::string message) {
    return tl::unexpected<Failure>(Failure{status, code, std::move(message)});
  };
  request_.method = llhttp_method_name(static_cast<llhttp_method_t>(http_.method));
  for (auto& [name, value] : request_.headers) {
    value.erase(value.find_last_not_of(" \t") + 1);
  }
  if (http_.http_major != 1) {
    return refuse(505, "version_not_supported", "this server speaks HTTP/1.1 and HTTP/1.0");
  }
  if (auto status = ParseTarget(target_, &request_); !status) return status;
  for (const auto& [name, value] : request_.headers) {
    if (name.empty() || name.find(' ') != std::string::npos) {
      return tl::unexpected<Failure>(BadRequest("a header line must read 'Name: value'"));
    }
    if (EqualsIgnoringCase(name, "Transfer-Encoding")) {
      if (!EqualsIgnoringCase(value, "chunked")) {
        return refuse(501, "not_implemented", "the only Transfer-Encoding known here is chunked");
      }
      if (is_http_1_0()) return tl::unexpected<Failure>(BadRequest("HTTP/1.0 has no Transfer-Encoding"));
    } else if (EqualsIgnoringCase(name, "Content-Encoding") && !EqualsIgnoringCase(value, "identity")) {
      return refuse(415, "unsupported_media_type",
                    "a request body must come as it is; leave Content-Encoding out");
    } else if (EqualsIgnoringCase(name, "Expect")) {
      if (!EqualsIgnoringCase(value, "100-continue")) {
        return refuse(417, "expectation_failed", "the only Expect known here is 100-continue");
      }
      expects_continue_ = !is_http_1_0();
    }
  }
  return {};
}

Failure RequestParser::Explain(llhttp_errno_t error) const {
  if (error == HPE_INVALID_VERSION || error == HPE_PAUSED_H2_UPGRADE) {
    return {505, "version_not_supported", "this server speaks HTTP/1.1 and HTTP/1.0"};
  }
  if (error == HPE_INVALID_METHOD && IsTokenByte(*llhttp_get_error_pos(&http_))) {
    return {501, "not_implemented", "the request does not begin with a method that is known here"};
  }
  return BadRequest(
      fmt::format("the request is not HTTP/1.1 as RFC 9112 has it: {}", llhttp_get_error_reason(&http_)));
}

Failure RequestParser::HeadTooLarge() const {
  if (!target_is_whole_) {
    return {414, "uri_too_long", fmt::format("the request line has more than {} bytes", max_head_bytes_)};
  }
  return {431, "headers_too_large",
          fmt::format("the head of the request has more than {} bytes", max_head_bytes_)};
}

}  // namespace sidelight::http
