// Parser: reads the messages of one direction of an HTTP/1 connection (RFC 9112). llhttp reads the heads;
// where a body ends is decided here, since for a response that depends on its request.
//
// Pull style: Next takes bytes off the front of what came and returns at each event:
//
//     (kBegin kHead BeginBody kEnd)*, with kMore whenever the bytes are used up
//
// kInvalid and kTooLong end it. A parser stores nothing of a message but what its accessors return, so its
// memory does not depend on what is sent.
#pragma once

#include <llhttp.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "collector/protocols/http1/cache_result.h"
#include "collector/protocols/http1/chunked.h"
#include "collector/protocols/http1/methods.h"
#include "collector/protocols/http1/target.h"
#include "collector/protocols/observer.h"
#include "core/model/exemplar.h"

namespace sidelight::http1 {

class Parser {
 public:
  // A longer head, in bytes, is kTooLong; so is a method of more than kMaxMethod, but that is no HTTP.
  static constexpr size_t kMaxHead = 1024 * 1024;
  static constexpr size_t kMaxMethod = 64;

  enum class Event : uint8_t {
    kMore,     // all bytes are used up
    kBegin,    // the next byte is the first of a message; empty lines between messages are skipped
    kHead,     // the head is whole: BeginBody must follow
    kEnd,      // the message is whole
    kInvalid,  // this is not HTTP/1, or breaks its rules
    kTooLong,  // the head is larger than kMaxHead
  };
  enum class Body : uint8_t {
    kAsDeclared,  // by Content-Length or Transfer-Encoding; else none in a request, up to the close in a
                  // response
    kNone,        // whatever the head declares
    kRest,        // everything up to the close, or to EndRest
  };

  // The path of each request is appended to `target` (unused for responses). Both arguments must outlive the
  // parser, which must not be moved.
  Parser(Direction direction, const KnownMethods& methods, std::string& target);
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  Event Next(std::string_view& bytes);
  void BeginBody(Body body);
  // Ends a body that was begun as kRest; the next byte starts a message.
  void EndRest();

  // How many of the coming bytes are body and need not be shown; `n` of them went by. Call Next, with no
  // bytes if there are none, after that: the message may have ended.
  uint64_t Skippable() const;
  void Skip(uint64_t n);

  // A byte of a head came, and the head is not whole.
  bool in_head() const { return state_ == State::kMethod || state_ == State::kHead; }
  // The body goes on until the connection is closed.
  bool until_close() const { return state_ == State::kRest; }
  // Bytes of the present or last body so far, chunk framing excluded.
  uint64_t body_bytes() const { return body_bytes_; }

  // Of the head that was read last.
  bool http_1_0() const { return http_.http_minor == 0; }
  std::string_view method() const { return method_; }             // as KnownMethods has it
  bool is_head() const { return is_head_; }                       // the method is HEAD
  bool is_connect() const { return is_connect_; }                 // the method is CONNECT
  uint16_t target_length() const { return target_.length(); }     // of what was appended to `target`
  const std::optional<TraceId>& trace() const { return trace_; }  // of a sampled traceparent
  int status() const { return http_.status_code; }
  bool event_stream() const { return event_stream_; }  // a response's content is text/event-stream
  CacheResult cache_result() const { return cache_.Result(http_.status_code); }  // what a response tells

 private:
  enum class State : uint8_t {
    kIdle,      // between messages
    kMethod,    // in a request's method, which llhttp does not get to see
    kHead,      //
    kHeadDone,  // kHead was returned, and BeginBody has not been called
    kLength,    // in a body whose length is known
    kChunked,   //
    kRest,      //
    kEnded,     // kEnd is due
  };

  static int OnUrl(llhttp_t* http, const char* at, size_t length);
  static int OnHeaderField(llhttp_t* http, const char* at, size_t length);
  static int OnHeaderValue(llhttp_t* http, const char* at, size_t length);
  static int OnHeadersComplete(llhttp_t* http);
  // llhttp as it is at the start of a head; for requests that is behind the method.
  enum class Start : uint8_t { kRequest, kConnect, kResponse };
  static const llhttp_t& Fresh(Start start);

  // The headers that we want a value of: traceparent of requests, the others of responses.
  enum class Header : uint8_t {
    kNone,
    kTraceparent,
    kContentType,
    kAge,  // from here on those of caches, in the order of CacheHeader
    kXCache,
    kCfCacheStatus,
    kCacheStatus,
  };
  static Header Find(Direction direction, std::string_view name);

  void BeginMessage();
  Event NextMethod(std::string_view& bytes);
  Event NextHead(std::string_view& bytes);
  bool PlausibleVersion() const;
  void FinishHeader();
  int RepeatLength();

  llhttp_t http_;
  const Direction direction_;
  State state_ = State::kIdle;

  // Names and values of headers arrive in pieces.
  const char* input_end_ = nullptr;  // of what llhttp is reading: a name that ends before it is whole
  bool in_value_ = false;            // the last piece was of a value
  Header header_ = Header::kNone;    // which one it is of
  bool seen_traceparent_ = false;
  bool is_head_ = false;
  bool is_connect_ = false;
  bool event_stream_ = false;
  bool repeats_length_ = false;  // Content-Length came more than once
  uint8_t captured_ = 0;
  std::array<char, kMaxMethod> capture_;  // the method; later names in pieces, and a header's value

  uint32_t head_bytes_ = 0;
  uint64_t body_remaining_ = 0;  // in kLength; in kHead: what Content-Length said before it came again
  uint64_t body_bytes_ = 0;
  ChunkedReader chunked_;
  TargetReader target_;
  std::string& target_text_;
  const KnownMethods& methods_;
  std::string_view method_;
  std::optional<TraceId> trace_;
  CacheResultReader cache_;
};

}  // namespace sidelight::http1
