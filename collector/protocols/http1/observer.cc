#include "collector/protocols/http1/observer.h"

#include <algorithm>
#include <cassert>
#include <optional>

#include "collector/protocols/close_outcome.h"
#include "collector/protocols/http1/parser.h"
#include "collector/protocols/http1/pending.h"

namespace sidelight::http1 {
namespace {

constexpr int kSwitchingProtocols = 101;
constexpr int kNoContent = 204;
constexpr int kNotModified = 304;

class Http1Observer final : public Observer {
 public:
  Http1Observer(ExchangeSink& sink, const KnownMethods& methods)
      : sink_(sink),
        request_(Direction::kRequest, methods, queue_.next_target()),
        response_(Direction::kResponse, methods, queue_.next_target()) {}

  void OnBytes(Direction direction, std::string_view bytes, TimePoint t) override {
    if (!bytes.empty()) Read(direction, bytes, t);
  }

  void OnSkipped(Direction direction, uint64_t n, TimePoint t) override {
    if (done_ || n == 0) return;
    Parser& parser = direction == Direction::kRequest ? request_ : response_;
    assert(n <= parser.Skippable());
    parser.Skip(n);
    Read(direction, {}, t);
  }

  void OnClosed(Direction direction, CloseReason reason, TimePoint t) override {
    if (direction == Direction::kRequest) {
      RequestClosed(reason, t);
    } else {
      ResponseClosed(reason, t);
    }
  }

  uint64_t Skippable(Direction direction) const override {
    if (done_) return kEverything;
    // A response that ends with the connection is read, however long it is, and so is a CONNECT that is not
    // granted yet: only a connection that has gone opaque may say kEverything, and is counted as unparsed.
    const Parser& parser = direction == Direction::kRequest ? request_ : response_;
    return std::min(parser.Skippable(), kEverything - 1);
  }

  bool AwaitingResponse() const override { return !queue_.empty(); }
  bool InRequestHead() const override { return !done_ && !request_closed_ && request_.in_head(); }

 private:
  void Read(Direction direction, std::string_view bytes, TimePoint t) {
    if (direction == Direction::kRequest) {
      ReadRequests(bytes, t);
    } else {
      ReadResponses(bytes, t);
    }
  }

  void ReadRequests(std::string_view bytes, TimePoint t) {
    while (!done_) {
      switch (request_.Next(bytes)) {
        case Parser::Event::kMore:
          return;
        case Parser::Event::kBegin:
          readable_ = t;
          arrived_behind_ = !queue_.empty() || streaming_;
          break;
        case Parser::Event::kHead:
          StartExchange(t);
          break;
        case Parser::Event::kEnd:
          StopReceiving();
          break;
        case Parser::Event::kInvalid:
          return GoOpaque(OpaqueReason::kNotProtocol, t);
        case Parser::Event::kTooLong:
          return GoOpaque(OpaqueReason::kLimit, t);
      }
    }
  }

  void ReadResponses(std::string_view bytes, TimePoint t) {
    while (!done_) {
      switch (response_.Next(bytes)) {
        case Parser::Event::kMore:
          return;
        case Parser::Event::kBegin:
          if (queue_.empty()) return GoOpaque(OpaqueReason::kDesynchronized, t);
          answering_ = true;
          first_byte_ = t;
          break;
        case Parser::Event::kHead:
          ReadResponseHead(t);
          break;
        case Parser::Event::kEnd:
          ResponseEnded(t);
          break;
        case Parser::Event::kInvalid:
          return GoOpaque(OpaqueReason::kNotProtocol, t);
        case Parser::Event::kTooLong:
          return GoOpaque(OpaqueReason::kLimit, t);
      }
    }
  }

  void StartExchange(TimePoint t) {
    if (queue_.full()) return GoOpaque(OpaqueReason::kLimit, t);
    Pending request;
    request.method = request_.method();
    request.readable = readable_;
    request.pipelined = arrived_behind_;
    request.waiting = arrived_behind_ && (!queue_.empty() || streaming_);
    // The response before it may have ended while this head was coming in.
    request.start = arrived_behind_ ? response_end_ : readable_;
    if (request_.trace()) request.trace = *request_.trace();
    request.target_length = request_.target_length();
    request.http_1_0 = request_.http_1_0();
    request.is_head = request_.is_head();
    request.is_connect = request_.is_connect();
    queue_.Push(request);

    Exchange& exchange = Describe(queue_.back(), queue_.back_target());
    if (request.waiting) exchange.start = readable_;
    sink_.Started(exchange);

    // What follows a CONNECT belongs to the tunnel, if it is granted.
    request_.BeginBody(request.is_connect ? Parser::Body::kRest : Parser::Body::kAsDeclared);
    receiving_ = true;
    if (after_close_) EndAll(*after_close_, t);
  }

  void ReadResponseHead(TimePoint t) {
    const Pending& request = queue_.front();
    const int status = response_.status();
    const bool granted = request.is_connect && status >= 200 && status < 300;
    if (status == kSwitchingProtocols || granted) {
      status_ = status;
      EndFront(Outcome::kAnswered, t);
      return GoOpaque(OpaqueReason::kUpgraded, t);
    }
    if (status < 200) {
      interim_ = true;
      return response_.BeginBody(Parser::Body::kNone);
    }
    status_ = status;
    const bool empty = request.is_head || status == kNoContent || status == kNotModified;
    // A refused CONNECT was a request like any other. If the client did not wait for the answer, what it sent
    // may be anything, and the request side stays unread: a second answer will tell.
    if (request.is_connect && request_.body_bytes() == 0) {
      request_.EndRest();
      receiving_ = false;
    }
    response_.BeginBody(empty ? Parser::Body::kNone : Parser::Body::kAsDeclared);
    if (response_.event_stream()) {
      streaming_ = true;
      EndFront(Outcome::kAnswered, t);
    }
  }

  void ResponseEnded(TimePoint t) {
    if (interim_) {
      interim_ = false;
      answering_ = false;
    } else if (streaming_) {
      streaming_ = false;
      response_end_ = t;
      ReleaseNext(t);
    } else {
      EndFront(Outcome::kAnswered, t);
    }
  }

  void RequestClosed(CloseReason reason, TimePoint t) {
    request_closed_ = true;
    // Half a connection: the answer may still come.
    if (done_ || reason == CloseReason::kEnd) return;
    EndAll(reason == CloseReason::kReset ? Outcome::kClientGone : OutcomeOf(reason), t);
    Finish();
  }

  void ResponseClosed(CloseReason reason, TimePoint t) {
    if (done_ || after_close_) return;
    const bool by_upstream = reason == CloseReason::kEnd || reason == CloseReason::kReset;
    if (reason == CloseReason::kEnd && response_.until_close()) ResponseEnded(t);
    if (streaming_) {
      streaming_ = false;
      response_end_ = t;
    }
    Outcome outcome = OutcomeOf(reason);
    if (by_upstream && request_closed_) outcome = Outcome::kClientGone;
    after_close_ = outcome;
    if (answering_ && outcome == Outcome::kUpstreamClosed) EndFront(Outcome::kResponseIncomplete, t);
    EndAll(outcome, t);
  }

  // The request that is being received, if its exchange has not ended before, is the last of the queue.
  void StopReceiving() {
    if (receiving_) queue_.back().request_bytes = request_.body_bytes();
    receiving_ = false;
  }

  // The same one each time: most of its fields are never set, and to clear them all costs as much as to parse
  // a header or two. One for each thread and not for each connection, as nobody keeps it.
  static Exchange& Describe(const Pending& request, std::string_view target) {
    static constinit thread_local Exchange exchange;
    exchange.operation = request.method;
    exchange.target = target;
    exchange.protocol_version = request.http_1_0 ? "1.0" : "1.1";
    exchange.status = 0;
    exchange.outcome = Outcome::kAnswered;
    exchange.request_bytes = exchange.response_bytes = 0;
    exchange.start = request.start;
    exchange.has_first_byte = false;
    exchange.end = {};
    exchange.pipelined = request.pipelined;
    exchange.pipeline_wait =
        request.pipelined && !request.waiting ? request.start - request.readable : Duration::zero();
    exchange.trace.reset();
    if (request.trace.valid()) exchange.trace = request.trace;
    exchange.cache = {};
    return exchange;
  }

  void EndFront(Outcome outcome, TimePoint t) {
    // A request that still waits has no start of its own: the response before it never ended.
    if (queue_.front().waiting) ReleaseNext(t);
    const Pending& request = queue_.front();
    const bool receiving = receiving_ && queue_.size() == 1;
    Exchange& exchange = Describe(request, queue_.front_target());
    exchange.outcome = outcome;
    exchange.request_bytes = receiving && !request.is_connect ? request_.body_bytes() : request.request_bytes;
    exchange.end = t;
    if (answering_) {
      exchange.status = status_;
      exchange.first_byte = first_byte_;
      exchange.has_first_byte = true;
      if (!streaming_ && status_ != 0) exchange.response_bytes = response_.body_bytes();
    }
    CacheLookup lookup;
    if (exchange.status != 0) {
      const CacheResult cached = response_.cache_result();
      if (cached != CacheResult::kNotTold) {
        (cached == CacheResult::kHit ? lookup.hits : lookup.misses) = 1;
        exchange.cache = {&lookup, 1};
      }
    }
    sink_.Ended(exchange);

    if (receiving) receiving_ = false;
    answering_ = false;
    status_ = 0;
    response_end_ = t;
    queue_.Pop();
    if (!streaming_) ReleaseNext(t);
  }

  // The front's turn has come: its clock starts.
  void ReleaseNext(TimePoint t) {
    if (queue_.empty() || !queue_.front().waiting) return;
    queue_.front().waiting = false;
    queue_.front().start = t;
  }

  void EndAll(Outcome outcome, TimePoint t) {
    while (!queue_.empty()) EndFront(outcome, t);
  }

  void GoOpaque(OpaqueReason reason, TimePoint t) {
    EndAll(Outcome::kUnobserved, t);
    Finish();
    sink_.WentOpaque(reason);
  }

  void Finish() {
    done_ = true;
    queue_.Clear();
  }

  ExchangeSink& sink_;
  PendingQueue queue_;
  Parser request_;
  Parser response_;

  bool done_ = false;  // nothing more is to be read: opaque, or the client is gone
  bool request_closed_ = false;
  std::optional<Outcome> after_close_;  // the response side is closed: what becomes of requests from then on

  TimePoint readable_{};         // first byte of the request that is being read
  bool arrived_behind_ = false;  // ... which came while a response was due
  bool receiving_ = false;       // the body of the queue's last request is being read

  bool answering_ = false;  // a byte of a response to the front came
  bool interim_ = false;    // ... which is not its final response
  bool streaming_ = false;  // in the body of an event stream, whose exchange has ended
  int status_ = 0;          // of the front's final response
  TimePoint first_byte_{};
  TimePoint response_end_{};  // of the response read last
};

// Each connection has one.
static_assert(sizeof(Http1Observer) <= 768);

}  // namespace

std::unique_ptr<Observer> MakeObserver(ExchangeSink& sink) {
  return MakeObserver(sink, KnownMethods::FromEnvironment());
}

std::unique_ptr<Observer> MakeObserver(ExchangeSink& sink, const KnownMethods& methods) {
  return std::make_unique<Http1Observer>(sink, methods);
}

}  // namespace sidelight::http1
