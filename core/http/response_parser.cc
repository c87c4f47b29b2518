#include "core/http/response_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace sidelight::http {
namespace {

constexpr size_t kHeaderCost = 32;  // of each field in memory, besides its bytes

}  // namespace

ResponseParser::ResponseParser(size_t max_head_bytes, size_t max_body_bytes, Excess excess)
    : max_head_bytes_(max_head_bytes), max_body_bytes_(max_body_bytes), excess_(excess) {
  llhttp_init(&http_, HTTP_RESPONSE, &Callbacks());
  http_.data = this;
}

const llhttp_settings_t& ResponseParser::Callbacks() {
  static const llhttp_settings_t callbacks = [] {
    llhttp_settings_t made;
    llhttp_settings_init(&made);
    made.on_status = [](llhttp_t* http, const char*, size_t n) { return Of(http).OnHead(n); };
    made.on_header_field = [](llhttp_t* http, const char* at, size_t n) {
      ResponseParser& self = Of(http);
      Fields& headers = self.response_.headers;
      if (headers.empty() || std::exchange(self.in_value_, false)) headers.emplace_back();
      headers.back().first.append(at, n);
      return self.OnHead(n);
    };
    made.on_header_value = [](llhttp_t* http, const char* at, size_t n) {
      Of(http).response_.headers.back().second.append(at, n);
      return Of(http).OnHead(n);
    };
    made.on_header_value_complete = [](llhttp_t* http) {
      Of(http).in_value_ = true;
      // So that headers of nothing count as well.
      return Of(http).OnHead(kHeaderCost);
    };
    made.on_headers_complete = [](llhttp_t* http) { return Of(http).OnHeadersComplete(); };
    made.on_body = [](llhttp_t* http, const char* at, size_t n) { return Of(http).OnBody({at, n}); };
    made.on_message_complete = [](llhttp_t* http) { return Of(http).OnComplete(); };
    return made;
  }();
  return callbacks;
}

int ResponseParser::OnHead(size_t n) {
  // Trailers come here too; both together stay bounded.
  head_bytes_ += n;
  head_too_large_ = head_bytes_ > max_head_bytes_;
  return head_too_large_ ? HPE_USER : 0;
}

int ResponseParser::OnHeadersComplete() {
  // No protocol is ever switched to.
  http_.upgrade = 0;
  body_too_large_ = excess_ == Excess::kRefuse && (http_.flags & F_CONTENT_LENGTH) != 0 &&
                    http_.content_length > max_body_bytes_;
  return body_too_large_ ? -1 : 0;
}

int ResponseParser::OnBody(std::string_view piece) {
  const size_t room = max_body_bytes_ - response_.body.size();
  const bool fits = piece.size() <= room;
  if (fits || excess_ == Excess::kCut) response_.body.append(piece.substr(0, room));
  if (fits) return 0;
  if (excess_ == Excess::kCut) {
    Complete();
  } else {
    body_too_large_ = true;
  }
  return HPE_USER;
}

int ResponseParser::OnComplete() {
  in_value_ = false;
  if (http_.status_code >= 100 && http_.status_code < 200) {
    response_ = {};
    return 0;
  }
  Complete();
  connection_stays_ = llhttp_should_keep_alive(&http_) == 1;
  return HPE_PAUSED;
}

void ResponseParser::Complete() {
  response_.status = http_.status_code;
  const auto type = std::find_if(response_.headers.begin(), response_.headers.end(), [](const auto& field) {
    return EqualsIgnoringCase(field.first, "Content-Type");
  });
  if (type != response_.headers.end()) {
    response_.content_type = std::move(type->second);
    response_.headers.erase(type);
  }
  is_whole_ = true;
}

Status ResponseParser::Explain(llhttp_errno_t error) const {
  if (error == HPE_OK || is_whole_) return {};
  if (head_too_large_) {
    return Fail(ErrorCode::kLimit, fmt::format("its head is larger than {} bytes", max_head_bytes_));
  }
  if (body_too_large_) {
    return Fail(ErrorCode::kLimit, fmt::format("its body is larger than {} bytes", max_body_bytes_));
  }
  const char* const reason = llhttp_get_error_reason(&http_);
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("it is no HTTP response: {}",
                          reason == nullptr || *reason == '\0' ? llhttp_errno_name(error) : reason));
}

Status ResponseParser::Feed(std::string_view bytes) {
  if (is_whole_) return {};
  const llhttp_errno_t error = llhttp_execute(&http_, bytes.data(), bytes.size());
  // Bytes that nobody asked for: what answers the next request would not be known.
  const bool all_read = error == HPE_PAUSED && llhttp_get_error_pos(&http_) == bytes.data() + bytes.size();
  connection_stays_ = connection_stays_ && all_read;
  return Explain(error);
}

Status ResponseParser::Finish() {
  if (is_whole_) return {};
  const llhttp_errno_t error = llhttp_finish(&http_);
  if (is_whole_) return {};
  if (error == HPE_OK || error == HPE_INVALID_EOF_STATE) {
    return Fail(ErrorCode::kUnavailable, "the connection ended before the response did");
  }
  return Explain(error);
}

}  // namespace sidelight::http
