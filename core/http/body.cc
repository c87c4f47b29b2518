#include "core/http/body.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace sidelight::http {
namespace {

constexpr size_t kMaxLine = 1024;
constexpr size_t kMaxTrailers = 8192;

tl::unexpected<Failure> BadChunks(std::string message) {
  return tl::unexpected<Failure>(Failure{400, "bad_request", std::move(message)});
}

tl::unexpected<Failure> TooLarge(size_t max_bytes) {
  return tl::unexpected<Failure>(
      Failure{413, "payload_too_large", fmt::format("a request body may have at most {} bytes", max_bytes)});
}

}  // namespace

BodyReader::BodyReader(BodyFraming framing, uint64_t content_length, size_t max_bytes)
    : chunked_(framing == BodyFraming::kChunked), max_bytes_(max_bytes) {
  if (chunked_) {
    state_ = State::kSizeLine;
  } else {
    left_ = framing == BodyFraming::kLength ? content_length : 0;
    state_ = left_ == 0 ? State::kDone : State::kData;
  }
}

tl::expected<size_t, Failure> BodyReader::Feed(std::string_view bytes) {
  // Here and not with the first bytes: who announces too much is refused before he sends it.
  if (state_ == State::kData && left_ > max_bytes_ - body_.size()) return TooLarge(max_bytes_);
  size_t used = 0;
  while (used < bytes.size() && state_ != State::kDone) {
    if (state_ == State::kData) {
      const size_t n = static_cast<size_t>(std::min<uint64_t>(left_, bytes.size() - used));
      body_.append(bytes.substr(used, n));
      used += n;
      left_ -= n;
      if (left_ == 0) state_ = chunked_ ? State::kChunkEnd : State::kDone;
    } else {
      auto taken = FeedLine(bytes.substr(used));
      if (!taken) return taken;
      used += *taken;
    }
  }
  return used;
}

tl::expected<size_t, Failure> BodyReader::FeedLine(std::string_view bytes) {
  const size_t line_feed = bytes.find('\n');
  const size_t n = line_feed == std::string_view::npos ? bytes.size() : line_feed + 1;
  if (line_.size() + n > kMaxLine) return BadChunks("a line between the chunks of the body is too long");
  line_.append(bytes.substr(0, n));
  if (line_feed == std::string_view::npos) return n;
  line_.pop_back();
  if (!line_.empty() && line_.back() == '\r') line_.pop_back();
  auto status = OnLine();
  line_.clear();
  if (!status) return tl::unexpected<Failure>(status.error());
  return n;
}

tl::expected<void, Failure> BodyReader::OnLine() {
  if (state_ == State::kChunkEnd) {
    if (!line_.empty()) return BadChunks("a chunk of the body is longer than it says");
    state_ = State::kSizeLine;
    return {};
  }
  if (state_ == State::kTrailer) {
    trailer_bytes_ += line_.size();
    if (trailer_bytes_ > kMaxTrailers) return BadChunks("the trailers of the body are too long");
    if (line_.empty()) state_ = State::kDone;
    return {};
  }
  uint64_t size = 0;
  size_t digits = 0;
  for (; digits < line_.size(); ++digits) {
    const char c = line_[digits];
    int value = -1;
    if ('0' <= c && c <= '9') value = c - '0';
    if ('a' <= c && c <= 'f') value = c - 'a' + 10;
    if ('A' <= c && c <= 'F') value = c - 'A' + 10;
    if (value < 0) break;
    if (digits == 15) return TooLarge(max_bytes_);
    size = size * 16 + static_cast<uint64_t>(value);
  }
  const std::string_view rest = std::string_view(line_).substr(digits);
  const bool extension = rest.empty() || rest[0] == ';' || rest[0] == ' ' || rest[0] == '\t';
  if (digits == 0 || !extension) return BadChunks("a chunk of the body does not begin with its size");
  if (size == 0) {
    state_ = State::kTrailer;
    return {};
  }
  if (size > max_bytes_ - body_.size()) return TooLarge(max_bytes_);
  left_ = size;
  state_ = State::kData;
  return {};
}

}  // namespace sidelight::http
