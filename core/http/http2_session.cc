#include "core/http/http2_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>
#include <vector>

namespace sidelight::http {
namespace {

using SessionOptions = std::unique_ptr<nghttp2_option, decltype(&nghttp2_option_del)>;
using SessionCallbacks = std::unique_ptr<nghttp2_session_callbacks, decltype(&nghttp2_session_callbacks_del)>;

// Room for any usual answer, so that a server does not wait for us to say how much we have read.
constexpr uint32_t kWindow = 1 << 20;
// How long the rest of a frame may take whose beginning is there already.
constexpr Duration kRestOfAFrame = std::chrono::milliseconds(100);

nghttp2_nv NameValue(const std::pair<std::string, std::string>& field) {
  const auto bytes = [](const std::string& s) {
    return reinterpret_cast<uint8_t*>(const_cast<char*>(s.data()));
  };
  return {bytes(field.first), bytes(field.second), field.first.size(), field.second.size(),
          NGHTTP2_NV_FLAG_NONE};
}

std::string_view Text(nghttp2_rcbuf* buffer) {
  const nghttp2_vec bytes = nghttp2_rcbuf_get_buf(buffer);
  return {reinterpret_cast<const char*>(bytes.base), bytes.len};
}

}  // namespace

struct Http2Session::Callbacks {
  static Http2Session& Of(void* user) { return *static_cast<Http2Session*>(user); }

  static int OnHeader(nghttp2_session*, const nghttp2_frame* frame, nghttp2_rcbuf* name, nghttp2_rcbuf* value,
                      uint8_t, void* user) {
    Http2Session& self = Of(user);
    if (frame->hd.stream_id != self.stream_) return 0;
    const std::string_view key = Text(name);
    const std::string_view text = Text(value);
    // As RFC 9113 section 6.5.2 counts them.
    self.head_bytes_ += key.size() + text.size() + 32;
    if (self.head_bytes_ > self.limits_.max_head_bytes) {
      self.progress_ = Progress::kTooLarge;
      return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    if (key == ":status") {
      self.reply_.headers.clear();  // of an interim response
      std::from_chars(text.data(), text.data() + text.size(), self.reply_.status);
    } else {
      self.reply_.headers.emplace_back(key, text);
    }
    return 0;
  }

  static int OnData(nghttp2_session* session, uint8_t, int32_t stream, const uint8_t* data, size_t size,
                    void* user) {
    Http2Session& self = Of(user);
    if (stream != self.stream_ || self.progress_ != Progress::kOpen) return 0;
    if (size > self.limits_.max_body_bytes - self.reply_.body.size()) {
      self.progress_ = Progress::kTooLarge;
      return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
    }
    self.reply_.body.append(reinterpret_cast<const char*>(data), size);
    return 0;
  }

  static int OnFrame(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    Http2Session& self = Of(user);
    const bool is_data = frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
    if (frame->hd.type == NGHTTP2_SETTINGS) {
      self.greeted_ = true;
    } else if (frame->hd.type == NGHTTP2_GOAWAY) {
      self.goodbye_ = true;
    } else if (is_data && frame->hd.stream_id == self.stream_ && self.progress_ == Progress::kOpen &&
               (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
      self.progress_ = Progress::kDone;
      // It answered without having read all: nobody needs the rest (RFC 9113 section 8.1).
      if (!self.sent_all_) {
        return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, self.stream_, NGHTTP2_CANCEL);
      }
    }
    return 0;
  }

  // Also called by nghttp2 for the streams that a GOAWAY says were not looked at, as refused.
  static int OnClosed(nghttp2_session*, int32_t stream, uint32_t error, void* user) {
    Http2Session& self = Of(user);
    if (stream != self.stream_ || self.progress_ != Progress::kOpen) return 0;
    self.progress_ = error == NGHTTP2_NO_ERROR ? Progress::kDone : Progress::kReset;
    self.reply_.reset = error;
    self.reply_.refused = error == NGHTTP2_REFUSED_STREAM;
    return 0;
  }

  // The server has said goodbye before the request was under way.
  static int OnNotSent(nghttp2_session*, const nghttp2_frame* frame, int, void* user) {
    Http2Session& self = Of(user);
    if (frame->hd.type != NGHTTP2_HEADERS || frame->hd.stream_id != self.stream_) return 0;
    self.progress_ = Progress::kReset;
    self.reply_.reset = NGHTTP2_REFUSED_STREAM;
    self.reply_.refused = true;
    return 0;
  }

  static int OnError(nghttp2_session*, int, const char* text, size_t size, void* user) {
    if (Of(user).complaint_.empty()) Of(user).complaint_.assign(text, size);
    return 0;
  }

  static ssize_t ReadBody(nghttp2_session*, int32_t stream, uint8_t* into, size_t size, uint32_t* flags,
                          nghttp2_data_source* source, void*) {
    Http2Session& self = *static_cast<Http2Session*>(source->ptr);
    if (stream != self.stream_) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    std::string_view& unsent = self.unsent_;
    const size_t n = std::min(size, unsent.size());
    std::memcpy(into, unsent.data(), n);
    unsent.remove_prefix(n);
    self.sent_all_ = unsent.empty();
    if (unsent.empty()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(n);
  }
};

Http2Session::Http2Session(std::unique_ptr<Link> link, Limits limits)
    : link_(std::move(link)), limits_(limits), session_(nullptr, &nghttp2_session_del) {}

Http2Session::~Http2Session() = default;

Result<std::unique_ptr<Http2Session>> Http2Session::Start(std::unique_ptr<Link> link, Limits limits) {
  std::unique_ptr<Http2Session> made(new Http2Session(std::move(link), limits));
  nghttp2_session_callbacks* raw_callbacks = nullptr;
  nghttp2_option* raw_options = nullptr;
  const bool ready =
      nghttp2_session_callbacks_new(&raw_callbacks) == 0 && nghttp2_option_new(&raw_options) == 0;
  const SessionCallbacks callbacks(raw_callbacks, &nghttp2_session_callbacks_del);
  const SessionOptions options(raw_options, &nghttp2_option_del);
  if (!ready) return Fail(ErrorCode::kInternal, "nghttp2 has no memory for a connection");
  nghttp2_session_callbacks_set_on_header_callback2(callbacks.get(), &Callbacks::OnHeader);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks.get(), &Callbacks::OnData);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks.get(), &Callbacks::OnFrame);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks.get(), &Callbacks::OnClosed);
  nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks.get(), &Callbacks::OnNotSent);
  nghttp2_session_callbacks_set_error_callback2(callbacks.get(), &Callbacks::OnError);

  nghttp2_session* session = nullptr;
  if (nghttp2_session_client_new2(&session, callbacks.get(), made.get(), options.get()) != 0) {
    return Fail(ErrorCode::kInternal, "nghttp2 has no memory for a connection");
  }
  made->session_.reset(session);
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kWindow},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
       static_cast<uint32_t>(std::min<size_t>(limits.max_head_bytes, UINT32_MAX))},
  };
  nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, std::size(settings));
  return made;
}

bool Http2Session::IsUsable() {
  std::string bytes;
  while (!broken_ && !goodbye_ && !link_->IsQuiet()) {
    bytes.clear();
    const Io io = link_->Read(&bytes, SystemClock().Now() + kRestOfAFrame);
    if (io == Io::kTimeout) break;
    if (io == Io::kClosed || !Receive(bytes)) broken_ = true;
  }
  return !broken_ && !goodbye_ && !deaf_ && nghttp2_session_check_request_allowed(session_.get()) != 0;
}

Io Http2Session::Flush(TimePoint deadline) {
  // Frames are small; together they are one write.
  constexpr size_t kTogether = 64 * 1024;
  std::string out;
  while (!deaf_) {
    const uint8_t* bytes = nullptr;
    const ssize_t n = nghttp2_session_mem_send(session_.get(), &bytes);
    if (n < 0) return Io::kClosed;
    out.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(n));
    if ((n == 0 && !out.empty()) || out.size() >= kTogether) {
      const Io io = link_->Write(out, deadline);
      deaf_ = io != Io::kOk;
      if (deaf_) return io;
      out.clear();
    }
    if (n == 0) return Io::kOk;
  }
  return Io::kClosed;
}

Status Http2Session::Receive(std::string_view bytes) {
  constexpr size_t kEnoughToTell = 9;  // a frame's head
  if (!greeted_ && first_.size() < kEnoughToTell) first_.append(bytes.substr(0, kEnoughToTell));
  const ssize_t taken =
      nghttp2_session_mem_recv(session_.get(), reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  if (taken >= 0) return {};
  if (complaint_.empty()) complaint_ = nghttp2_strerror(static_cast<int>(taken));
  broken_ = true;
  return tl::unexpected<Error>(NotHttp2());
}

Error Http2Session::NotHttp2() const {
  std::string sentence;
  if (greeted_) {
    sentence = fmt::format("the server breaks the rules of HTTP/2: {}", complaint_);
  } else if (first_.starts_with("HTTP/")) {
    sentence = "the server answers in HTTP/1, and gRPC needs HTTP/2; is it the port for http/protobuf?";
  } else if (first_.starts_with("\x15\x03")) {
    sentence = "what the server answers is not HTTP/2; is TLS spoken at this port? then write https";
  } else {
    sentence = "what the server answers is not HTTP/2; is gRPC spoken at this port?";
  }
  return {ErrorCode::kInvalidArgument, std::move(sentence)};
}

Error Http2Session::Broken() const {
  if (!link_->failure().empty()) return {ErrorCode::kUnavailable, std::string(link_->failure())};
  return {ErrorCode::kUnavailable, "the connection was closed before the answer was whole"};
}

Result<Http2Session::Reply> Http2Session::Exchange(const Fields& headers, std::string_view body,
                                                   TimePoint deadline) {
  std::vector<nghttp2_nv> fields;
  for (const auto& field : headers) fields.push_back(NameValue(field));
  reply_ = {};
  head_bytes_ = 0;
  unsent_ = body;
  sent_all_ = false;
  progress_ = Progress::kOpen;
  const nghttp2_data_provider provider{.source = {.ptr = this}, .read_callback = &Callbacks::ReadBody};
  stream_ = nghttp2_submit_request(session_.get(), nullptr, fields.data(), fields.size(), &provider, nullptr);
  if (stream_ < 0) {
    broken_ = true;
    return Fail(ErrorCode::kInternal, fmt::format("nghttp2 makes no request: {}", nghttp2_strerror(stream_)));
  }

  std::string bytes;
  while (progress_ == Progress::kOpen) {
    // A server may answer and close before it has read all, so a failed write is no reason not to read.
    const Io sent = Flush(deadline);
    // What is no HTTP/2 nghttp2 answers with a GOAWAY of its own, and then wants to read no more.
    if (nghttp2_session_want_read(session_.get()) == 0) {
      broken_ = true;
      return tl::unexpected<Error>(NotHttp2());
    }
    bytes.clear();
    const Io io = sent == Io::kTimeout ? sent : link_->Read(&bytes, deadline);
    if (io != Io::kOk) {
      broken_ = true;
      if (io == Io::kTimeout) return Fail(ErrorCode::kTimeout, "the answer was not whole in time");
      return tl::unexpected<Error>(Broken());
    }
    if (const Status received = Receive(bytes); !received) return tl::unexpected<Error>(received.error());
  }
  stream_ = -1;
  unsent_ = {};
  if (progress_ == Progress::kTooLarge) {
    broken_ = true;
    return Fail(ErrorCode::kLimit, fmt::format("the answer is larger than {} bytes of head and {} of body",
                                               limits_.max_head_bytes, limits_.max_body_bytes));
  }
  if (Flush(deadline) != Io::kOk) broken_ = true;  // acknowledgements
  return std::move(reply_);
}

}  // namespace sidelight::http
