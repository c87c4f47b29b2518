#include "collector/protocols/http1/parser.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "collector/protocols/traceparent.h"

namespace sidelight::http1 {
namespace {

constexpr std::string_view kTraceparent = "traceparent";
constexpr std::string_view kContentType = "content-type";
constexpr std::string_view kCacheStatus = "cache-status";
constexpr std::string_view kCfCacheStatus = "cf-cache-status";
constexpr std::string_view kXCache = "x-cache";
constexpr std::string_view kXCacheStatus = "x-cache-status";
constexpr std::string_view kAge = "age";
constexpr size_t kLongestName = kCfCacheStatus.size();
// A bit for each length that a name which we want has.
constexpr uint32_t kRequestLengths = 1U << kTraceparent.size();
constexpr uint32_t kResponseLengths = 1U << kContentType.size() | 1U << kCacheStatus.size() |
                                      1U << kCfCacheStatus.size() | 1U << kXCache.size() |
                                      1U << kXCacheStatus.size() | 1U << kAge.size();
constexpr std::string_view kEventStream = "text/event-stream";
constexpr std::string_view kContentLength = "content-length";

// As much as a lenient backend would read: what llhttp still refuses is no HTTP to anyone.
constexpr uint8_t kLenient = LENIENT_HEADERS | LENIENT_CHUNKED_LENGTH | LENIENT_KEEP_ALIVE |
                             LENIENT_TRANSFER_ENCODING | LENIENT_VERSION;

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

bool EqualFold(std::string_view a, std::string_view lower) {
  return a.size() == lower.size() &&
         std::equal(a.begin(), a.end(), lower.begin(), [](char x, char y) { return Lower(x) == y; });
}

// tchar of RFC 9110 section 5.6.2
constexpr std::array<bool, 256> kTokenChars = [] {
  std::array<bool, 256> table{};
  for (unsigned c = '0'; c <= '9'; ++c) table[c] = true;
  for (unsigned c = 'A'; c <= 'Z'; ++c) table[c] = table[c | 0x20] = true;
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<unsigned char>(c)] = true;
  return table;
}();

std::string_view TrimEnd(std::string_view value) {
  const size_t last = value.find_last_not_of(" \t");
  return last == std::string_view::npos ? std::string_view() : value.substr(0, last + 1);
}

}  // namespace

const llhttp_t& Parser::Fresh(Start start) {
  // Behind the method of a request llhttp has been told that it is a GET, or a CONNECT if it is one: it
  // refuses methods that it does not know, and only those two differ in what follows.
  static const auto fresh = [] {
    static std::array<llhttp_settings_t, 2> settings;
    for (llhttp_settings_t& one : settings) {
      llhttp_settings_init(&one);
      one.on_header_field = &Parser::OnHeaderField;
      one.on_header_value = &Parser::OnHeaderValue;
      one.on_headers_complete = &Parser::OnHeadersComplete;
    }
    settings[0].on_url = &Parser::OnUrl;
    std::array<llhttp_t, 3> all;
    llhttp_init(&all[0], HTTP_REQUEST, &settings[0]);
    llhttp_init(&all[1], HTTP_REQUEST, &settings[0]);
    llhttp_init(&all[2], HTTP_RESPONSE, &settings[1]);
    for (llhttp_t& one : all) one.lenient_flags = kLenient;
    llhttp_execute(&all[0], "GET ", 4);
    llhttp_execute(&all[1], "CONNECT ", 8);
    return all;
  }();
  return fresh[static_cast<size_t>(start)];
}

Parser::Parser(Direction direction, const KnownMethods& methods, std::string& target)
    : direction_(direction),
      target_text_(target),
      methods_(methods),
      cache_(std::span(capture_).first<CacheResultReader::kLongestWord>()) {
  llhttp_init(&http_, HTTP_BOTH, nullptr);
}

Parser::Event Parser::Next(std::string_view& bytes) {
  switch (state_) {
    case State::kIdle: {
      while (!bytes.empty() && (bytes[0] == '\r' || bytes[0] == '\n')) bytes.remove_prefix(1);
      if (bytes.empty()) return Event::kMore;
      BeginMessage();
      return Event::kBegin;
    }
    case State::kMethod:
      return NextMethod(bytes);
    case State::kHead:
      return NextHead(bytes);
    case State::kHeadDone:
      assert(false && "BeginBody follows kHead");
      return Event::kInvalid;
    case State::kLength: {
      const uint64_t taken = std::min<uint64_t>(body_remaining_, bytes.size());
      bytes.remove_prefix(taken);
      Skip(taken);
      if (state_ == State::kLength) return Event::kMore;
      state_ = State::kIdle;
      return Event::kEnd;
    }
    case State::kChunked:
      switch (chunked_.Next(bytes, body_bytes_)) {
        case ChunkedReader::Result::kMore:
          return Event::kMore;
        case ChunkedReader::Result::kInvalid:
          return Event::kInvalid;
        case ChunkedReader::Result::kEnd:
          state_ = State::kIdle;
          return Event::kEnd;
      }
      return Event::kInvalid;
    case State::kRest:
      body_bytes_ += bytes.size();
      bytes = {};
      return Event::kMore;
    case State::kEnded:
      state_ = State::kIdle;
      return Event::kEnd;
  }
  return Event::kInvalid;
}

void Parser::BeginMessage() {
  in_value_ = false;
  header_ = Header::kNone;
  repeats_length_ = false;
  captured_ = 0;
  head_bytes_ = 0;
  body_bytes_ = 0;
  if (direction_ == Direction::kRequest) {
    state_ = State::kMethod;
    seen_traceparent_ = false;
    trace_.reset();
  } else {
    state_ = State::kHead;
    event_stream_ = false;
    cache_.BeginHead();
    http_ = Fresh(Start::kResponse);
    http_.data = this;
  }
}

Parser::Event Parser::NextMethod(std::string_view& bytes) {
  size_t length = 0;
  while (length < bytes.size() && kTokenChars[static_cast<unsigned char>(bytes[length])]) ++length;
  const bool whole = length < bytes.size();
  if (whole && bytes[length] != ' ') return Event::kInvalid;
  if (captured_ + length > kMaxMethod) return Event::kInvalid;
  std::string_view token = bytes.substr(0, length);
  // Copied only when it comes in pieces.
  if (!whole || captured_ > 0) {
    std::memcpy(capture_.data() + captured_, token.data(), length);
    captured_ = static_cast<uint8_t>(captured_ + length);
    token = std::string_view(capture_.data(), captured_);
  }
  if (!whole) {
    bytes = {};
    return Event::kMore;
  }
  if (token.empty()) return Event::kInvalid;
  method_ = methods_.Canonical(token);
  is_head_ = token == "HEAD";
  is_connect_ = token == "CONNECT";
  http_ = Fresh(is_connect_ ? Start::kConnect : Start::kRequest);
  http_.data = this;
  target_.Begin(is_connect_);
  head_bytes_ = static_cast<uint32_t>(token.size() + 1);
  captured_ = 0;
  state_ = State::kHead;
  bytes.remove_prefix(length + 1);
  return NextHead(bytes);
}

Parser::Event Parser::NextHead(std::string_view& bytes) {
  const size_t shown = std::min<size_t>(bytes.size(), kMaxHead - head_bytes_);
  input_end_ = bytes.data() + shown;
  const llhttp_errno_t error = llhttp_execute(&http_, bytes.data(), shown);
  if (error == HPE_OK) {
    if (!PlausibleVersion()) return Event::kInvalid;
    head_bytes_ += static_cast<uint32_t>(shown);
    bytes.remove_prefix(shown);
    return bytes.empty() ? Event::kMore : Event::kTooLong;
  }
  // OnHeadersComplete pauses; everything else is an error.
  if (error != HPE_PAUSED) return Event::kInvalid;
  const auto used = static_cast<size_t>(llhttp_get_error_pos(&http_) - bytes.data());
  // llhttp, built loose, lets any byte stand for the LF behind the last CR. A backend may well not.
  if (used == 0 || bytes[used - 1] != '\n') return Event::kInvalid;
  if (http_.http_major != 1) return Event::kInvalid;
  if (direction_ == Direction::kResponse && http_.status_code < 100) return Event::kInvalid;
  if (in_value_ && header_ != Header::kNone) FinishHeader();
  if (repeats_length_ && http_.content_length != body_remaining_) return Event::kInvalid;
  if (direction_ == Direction::kRequest) target_.End(target_text_);
  bytes.remove_prefix(used);
  state_ = State::kHeadDone;
  return Event::kHead;
}

// HTTP/0.9 has no headers and HTTP/2 no text: no need to wait for the end of such a head, which may never
// come. While no version was read yet, both numbers are 0.
bool Parser::PlausibleVersion() const {
  return http_.http_major == 1 || (http_.http_major == 0 && http_.http_minor == 0);
}

void Parser::BeginBody(Body body) {
  assert(state_ == State::kHeadDone);
  if (body == Body::kRest) {
    state_ = State::kRest;
  } else if (body == Body::kNone) {
    state_ = State::kEnded;
  } else if ((http_.flags & F_CHUNKED) != 0) {
    // Also beside a Content-Length, which it overrides.
    state_ = State::kChunked;
    chunked_.Begin();
  } else if ((http_.flags & F_TRANSFER_ENCODING) != 0) {
    // In a request nobody can tell where such a body ends; most servers answer 400 and close. Should this one
    // go on, its second answer will show that we lost our place.
    state_ = State::kRest;
  } else if ((http_.flags & F_CONTENT_LENGTH) != 0) {
    body_remaining_ = http_.content_length;
    state_ = body_remaining_ == 0 ? State::kEnded : State::kLength;
  } else {
    state_ = direction_ == Direction::kRequest ? State::kEnded : State::kRest;
  }
}

void Parser::EndRest() {
  assert(state_ == State::kRest);
  state_ = State::kIdle;
}

uint64_t Parser::Skippable() const {
  switch (state_) {
    case State::kLength:
      return std::min(body_remaining_, Observer::kEverything - 1);
    case State::kChunked:
      return chunked_.Skippable();
    case State::kRest:
      return Observer::kEverything;
    default:
      return 0;
  }
}

void Parser::Skip(uint64_t n) {
  assert(n <= Skippable());
  if (n == 0) return;
  body_bytes_ += n;
  if (state_ == State::kLength) {
    body_remaining_ -= n;
    if (body_remaining_ == 0) state_ = State::kEnded;
  } else if (state_ == State::kChunked) {
    chunked_.Skip(n);
  }
}

int Parser::OnUrl(llhttp_t* http, const char* at, size_t length) {
  auto& self = *static_cast<Parser*>(http->data);
  self.target_.Append(std::string_view(at, length), self.target_text_);
  return 0;
}

Parser::Header Parser::Find(Direction direction, std::string_view name) {
  const auto is = [name](std::string_view wanted) { return EqualFold(name, wanted); };
  if (direction == Direction::kRequest) return is(kTraceparent) ? Header::kTraceparent : Header::kNone;
  switch (Lower(name[0])) {
    case 'c':
      if (is(kContentType)) return Header::kContentType;
      if (is(kCacheStatus)) return Header::kCacheStatus;
      if (is(kCfCacheStatus)) return Header::kCfCacheStatus;
      break;
    case 'x':
      if (is(kXCache) || is(kXCacheStatus)) return Header::kXCache;
      break;
    case 'a':
      if (is(kAge)) return Header::kAge;
      break;
    default:
      break;
  }
  return Header::kNone;
}

int Parser::OnHeaderField(llhttp_t* http, const char* at, size_t length) {
  auto& self = *static_cast<Parser*>(http->data);
  if (self.in_value_) {
    if (self.header_ != Header::kNone) self.FinishHeader();
    self.in_value_ = false;
    self.captured_ = 0;
  } else if (self.repeats_length_ && (http->flags & F_CONTENT_LENGTH) == 0) {
    // The name goes on: it was the beginning of another one.
    http->content_length = self.body_remaining_;
    http->flags |= F_CONTENT_LENGTH;
  }
  std::string_view name(at, length);
  if (self.captured_ > 0 || at + length == self.input_end_) {
    // A piece of a name, of which one byte more is kept than any name that we want has.
    const size_t taken = std::min(length, kLongestName + 1 - self.captured_);
    std::memcpy(self.capture_.data() + self.captured_, at, taken);
    self.captured_ = static_cast<uint8_t>(self.captured_ + taken);
    name = std::string_view(self.capture_.data(), self.captured_);
  }
  // Nearly every header is told apart by the length of its name.
  const uint32_t lengths = self.direction_ == Direction::kRequest ? kRequestLengths : kResponseLengths;
  const bool candidate = name.size() <= kLongestName && (lengths >> name.size() & 1) != 0;
  self.header_ = candidate ? Find(self.direction_, name) : Header::kNone;
  if ((http->flags & F_CONTENT_LENGTH) != 0 && EqualFold(name, kContentLength)) return self.RepeatLength();
  return 0;
}

// llhttp refuses a second Content-Length, whatever it says; one that says the same is harmless (RFC 9112
// section 6.3). So llhttp is made to forget the first.
int Parser::RepeatLength() {
  if (repeats_length_ && http_.content_length != body_remaining_) return -1;
  repeats_length_ = true;
  body_remaining_ = http_.content_length;
  http_.content_length = 0;
  http_.flags &= static_cast<uint16_t>(~F_CONTENT_LENGTH);
  return 0;
}

int Parser::OnHeaderValue(llhttp_t* http, const char* at, size_t length) {
  auto& self = *static_cast<Parser*>(http->data);
  const bool of_cache = self.header_ >= Header::kAge;
  if (!self.in_value_) {
    self.in_value_ = true;
    self.captured_ = 0;
    if (of_cache) {
      constexpr auto kFirst = static_cast<uint8_t>(Header::kAge);
      self.cache_.BeginValue(static_cast<CacheHeader>(static_cast<uint8_t>(self.header_) - kFirst));
    }
  }
  if (self.header_ == Header::kNone) return 0;
  if (of_cache) {
    self.cache_.Append(std::string_view(at, length));
    return 0;
  }
  // What is cut off matters to neither header: only versions of traceparent to come are longer.
  const size_t taken = std::min(length, self.capture_.size() - self.captured_);
  std::memcpy(self.capture_.data() + self.captured_, at, taken);
  self.captured_ = static_cast<uint8_t>(self.captured_ + taken);
  return 0;
}

int Parser::OnHeadersComplete(llhttp_t*) {
  return HPE_PAUSED;
}

// The value of the header that we want is whole.
void Parser::FinishHeader() {
  if (header_ >= Header::kAge) return cache_.EndValue();
  const std::string_view value(capture_.data(), captured_);
  if (direction_ == Direction::kRequest) {
    const auto parent = ParseTraceparent(TrimEnd(value));
    // Of two nobody knows which one is meant.
    trace_.reset();
    if (!seen_traceparent_ && parent && parent->sampled) trace_ = parent->id;
    seen_traceparent_ = true;
  } else {
    if (!EqualFold(value.substr(0, kEventStream.size()), kEventStream)) return;
    const std::string_view rest = value.substr(kEventStream.size());
    if (rest.empty() || rest[0] == ';' || rest[0] == ' ' || rest[0] == '\t') event_stream_ = true;
  }
}

}  // namespace sidelight::http1
