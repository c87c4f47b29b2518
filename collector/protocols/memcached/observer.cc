#include "collector/protocols/memcached/observer.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "collector/protocols/close_outcome.h"
#include "collector/protocols/memcached/pending.h"
#include "collector/protocols/memcached/reply_parser.h"
#include "collector/protocols/memcached/request_parser.h"
#include "collector/protocols/memcached/text.h"

namespace sidelight::memcached {
namespace {

// The request cannot have reached the backend, so silence means nothing.
bool NeverReached(Outcome outcome) {
  return outcome == Outcome::kConnectRefused || outcome == Outcome::kConnectTimeout ||
         outcome == Outcome::kDns || outcome == Outcome::kOverloaded;
}

// May `reply` begin, or go on with, the answer to `request`? Errors may answer everything, and are not asked
// about.
bool Fits(const Reply& reply, const Pending& request) {
  switch (request.command) {
    case Command::kRetrieve:
    case Command::kTouchRetrieve:
      return reply.word == Word::kValue || reply.word == Word::kEnd;
    case Command::kStore:
    case Command::kCompareStore:
    case Command::kDelete:
    case Command::kTouch:
      return reply.word == Word::kStored;
    case Command::kArithmetic:
      return reply.word == Word::kNumber || reply.word == Word::kStored;
    case Command::kMetaGet:
      if (reply.word == Word::kMetaMiss) {
        return !request.quiet && (reply.opaque == 0 || reply.opaque == request.opaque);
      }
      return (reply.word == Word::kMetaOk || reply.word == Word::kMetaValue) &&
             reply.opaque == request.opaque;
    case Command::kMetaSet:
    case Command::kMetaDelete:
      return (reply.word == Word::kMetaNot || (reply.word == Word::kMetaOk && !request.quiet)) &&
             reply.opaque == request.opaque;
    case Command::kMetaArithmetic:
      return (reply.word == Word::kMetaNot ||
              ((reply.word == Word::kMetaOk || reply.word == Word::kMetaValue) && !request.quiet)) &&
             reply.opaque == request.opaque;
    case Command::kMetaNoop:
      return reply.word == Word::kMetaNoop;
    case Command::kMetaDebug:
      return reply.word == Word::kMetaDebug || reply.word == Word::kMetaMiss;
    case Command::kStats:
    case Command::kCrawler:
    case Command::kWatch:
    case Command::kQuit:
    case Command::kLine:
      return true;
  }
  return false;
}

// Is the line of a dump its last?
bool EndsDump(const Reply& reply, std::string_view line, Command command) {
  if (command == Command::kStats)
    return reply.word == Word::kEnd || reply.word == Word::kMetaOk || line == "RESET";
  return !line.starts_with("key=") && !line.starts_with("mg ");
}

// What memcached says of a value above its item size.
constexpr std::string_view kTooLarge = "SERVER_ERROR object too large";

// What is kept of the memory for the keyspaces of one lookup.
constexpr size_t kKeptLookups = 16;

class MemcachedObserver final : public Observer {
 public:
  explicit MemcachedObserver(ExchangeSink& sink) : sink_(sink), queue_(sink), requests_(queue_) {}

  void OnBytes(Direction direction, std::string_view bytes, TimePoint t) override {
    if (!bytes.empty()) Read(direction, bytes, t);
  }

  void OnSkipped(Direction direction, uint64_t n, TimePoint t) override {
    if (done_ || n == 0) return;
    if (direction == Direction::kRequest) {
      requests_.Skip(n);
    } else {
      replies_.Skip(n);
    }
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
    return direction == Direction::kRequest ? requests_.Skippable() : replies_.Skippable();
  }

  bool AwaitingResponse() const override { return awaited_ > 0; }
  bool InRequestHead() const override { return !done_ && !request_closed_ && requests_.in_head(); }

 private:
  void Read(Direction direction, std::string_view bytes, TimePoint t) {
    if (direction == Direction::kRequest) {
      ReadRequests(bytes, t);
    } else {
      ReadReplies(bytes, t);
    }
  }

  void ReadRequests(std::string_view bytes, TimePoint t) {
    while (!done_) {
      if (requests_.idle() && !bytes.empty()) {
        readable_ = t;
        arrived_behind_ = !queue_.empty();
      }
      switch (requests_.Next(bytes)) {
        case RequestParser::Event::kMore:
          return;
        case RequestParser::Event::kHead:
          if (!requests_.request().silent) {
            StartExchange(t);
          } else if (requests_.idle()) {
            ReportSilent(t);
          }
          break;
        case RequestParser::Event::kEnd:
          if (requests_.request().silent) ReportSilent(t);
          break;
        case RequestParser::Event::kInvalid:
          return GoOpaque(OpaqueReason::kNotProtocol, t);
        case RequestParser::Event::kTooLong:
          return GoOpaque(OpaqueReason::kLimit, t);
      }
    }
  }

  void ReadReplies(std::string_view bytes, TimePoint t) {
    while (!done_) {
      if (!begun_ && replies_.idle() && !bytes.empty() && !BeginReply(t)) return;
      switch (replies_.Next(bytes, requests_.binary())) {
        case ReplyParser::Event::kMore:
          return;
        case ReplyParser::Event::kLine:
          ReadLine(ReadReplyLine(replies_.line()), t);
          break;
        case ReplyParser::Event::kPacket:
          ReadPacket(t);
          break;
        case ReplyParser::Event::kBlock:
          BlockEnded(t);
          break;
        case ReplyParser::Event::kInvalid:
          return GoOpaque(OpaqueReason::kNotProtocol, t);
        case ReplyParser::Event::kTooLong:
          return GoOpaque(OpaqueReason::kLimit, t);
      }
    }
  }

  void StartExchange(TimePoint t) {
    if (queue_.full() && !GiveUpQuiet(t)) return GoOpaque(OpaqueReason::kLimit, t);
    const Request& request = requests_.request();
    Pending& pending = queue_.Push();
    pending.operation = request.operation;
    pending.readable = readable_;
    pending.request_bytes = request.value_bytes;
    pending.opaque = request.opaque;
    pending.command = request.command;
    pending.opcode = request.opcode;
    pending.quiet = request.quiet;
    pending.pipelined = arrived_behind_;
    if (!request.quiet) Announce(pending);
    if (after_close_) EndAll(*after_close_, t);
  }

  // A request that gets no answer is whole.
  void ReportSilent(TimePoint t) {
    const Request& request = requests_.request();
    if (request.command == Command::kQuit) quit_ = true;
    // memcached answers a noreply with an error when it ran out of memory.
    unasked_error_ = true;
    Exchange& exchange = Describe(request.operation, request.value_bytes);
    exchange.start = exchange.end = readable_;
    sink_.Started(exchange);
    exchange.outcome = after_close_.value_or(Outcome::kAnswered);
    exchange.end = t;
    sink_.Ended(exchange);
  }

  // Clients may send quiet requests without end and never one that is answered: the oldest is let go.
  bool GiveUpQuiet(TimePoint t) {
    if (matched_ || !queue_.front().quiet) return false;
    gave_up_ = true;
    if (visible_ > 0) --visible_;
    EndFront(Outcome::kUnobserved, t);
    return true;
  }

  // False when nobody asked.
  bool BeginReply(TimePoint t) {
    unasked_ = queue_.empty();
    if (unasked_ && !unasked_error_ && !gave_up_) {
      GoOpaque(OpaqueReason::kDesynchronized, t);
      return false;
    }
    begun_ = true;
    first_byte_ = t;
    visible_ = queue_.size();
    return true;
  }

  void ReadLine(const Reply& reply, TimePoint t) {
    const bool error = IsError(reply.word);
    if (unasked_) {
      if (!error || !unasked_error_) return GoOpaque(OpaqueReason::kDesynchronized, t);
      begun_ = false;
      return;
    }
    const auto fits = [&](const Pending& request, size_t keys) { return LineFits(reply, request, keys); };
    if (matched_ ? !error && !Fits(reply, queue_.front()) : !(error ? MatchError() : Match(fits))) {
      const bool unknown = reply.word == Word::kOther;
      return GoOpaque(unknown ? OpaqueReason::kNotProtocol : OpaqueReason::kDesynchronized, t);
    }
    if (!reply.valid) return GoOpaque(OpaqueReason::kNotProtocol, t);
    if (error) {
      error_ = ErrorName(reply.word);
      return EndFront(Outcome::kAnswered, t);
    }
    const Pending& front = queue_.front();
    if (reply.word == Word::kValue && IsLookup(front.command)) {
      if (!CountHit(reply.key)) return GoOpaque(OpaqueReason::kDesynchronized, t);
      return BeginBlock(reply.length);
    }
    switch (front.command) {
      case Command::kMetaGet:
        if (reply.word != Word::kMetaMiss) CountOnlyHit();
        [[fallthrough]];
      case Command::kMetaArithmetic:
        if (reply.word == Word::kMetaValue) return BeginBlock(reply.length);
        return EndFront(Outcome::kAnswered, t);
      case Command::kStats:
      case Command::kCrawler:
        if (EndsDump(reply, replies_.line(), front.command)) EndFront(Outcome::kAnswered, t);
        return;
      case Command::kWatch:
        EndFront(Outcome::kAnswered, t);
        return GoOpaque(OpaqueReason::kUpgraded, t);
      default:
        return EndFront(Outcome::kAnswered, t);
    }
  }

  void BeginBlock(uint64_t length) {
    response_bytes_ += length;
    replies_.BeginBlock(length);
  }

  void ReadPacket(TimePoint t) {
    const Header& header = replies_.header();
    const uint8_t opcode = BinaryOpcode(header.opcode).loud;
    const auto fits = [&](const Pending& request, size_t) {
      return request.opcode == opcode && request.opaque == header.opaque;
    };
    if (matched_ ? !fits(queue_.front(), 0) : !Match(fits)) {
      // It may be the error of a quiet one that was let go.
      if (!gave_up_ || matched_ || !BinaryOpcode(header.opcode).quiet)
        return GoOpaque(OpaqueReason::kDesynchronized, t);
      unasked_ = true;
    }
    if (header.status == 0) response_bytes_ += header.value_bytes();
  }

  void BlockEnded(TimePoint t) {
    if (unasked_) {
      begun_ = unasked_ = false;
      response_bytes_ = 0;
      return;
    }
    const Pending& front = queue_.front();
    if (requests_.binary()) {
      const Header& header = replies_.header();
      if (front.command == Command::kStats && header.status == 0 && header.key_bytes > 0) return;
      if (IsLookup(front.command) && header.status == 0) CountOnlyHit();
      error_ = BinaryError(header.status);
    } else if (front.command == Command::kRetrieve || front.command == Command::kTouchRetrieve) {
      return;
    }
    EndFront(Outcome::kAnswered, t);
  }

  // `keys_before` are those of the requests before it.
  bool LineFits(const Reply& reply, const Pending& request, size_t keys_before) const {
    if (!Fits(reply, request)) return false;
    // An answer that repeats the key tells quiet lookups apart.
    if (!request.quiet || request.kept_keys == 0 || reply.key.empty()) return true;
    return queue_.key_at(keys_before).hash == HashOf(reply.key);
  }

  // Finds the request that the answer belongs to: the first that `fits`, if those before it are quiet. They
  // have been answered with silence.
  template <typename F>
  bool Match(const F& fits) {
    size_t found = 0;
    size_t keys = 0;
    for (; found < visible_; ++found) {
      const Pending& request = queue_.at(found);
      if (fits(request, keys)) break;
      if (!request.quiet) return false;
      keys += request.kept_keys;
    }
    if (found >= visible_) return false;
    MatchAt(found);
    return true;
  }

  // An error does not say whose it is. Quiet requests rarely have one, so it is taken for that of the first
  // that is not quiet; but "too large" belongs to the largest value.
  bool MatchError() {
    if (visible_ == 0) return false;
    size_t found = 0;
    size_t largest = 0;
    for (; found + 1 < visible_ && queue_.at(found).quiet; ++found) {
      if (queue_.at(found + 1).request_bytes > queue_.at(largest).request_bytes) largest = found + 1;
    }
    if (queue_.at(found).quiet) found = 0;
    MatchAt(replies_.line().starts_with(kTooLarge) ? largest : found);
    return true;
  }

  // The request `found` is answered, and those before it have been, with silence.
  void MatchAt(size_t found) {
    for (size_t i = 0; i < found; ++i) EndSilently(first_byte_);
    matched_ = true;
    if (!queue_.front().started) Announce(queue_.front());
  }

  // One more VALUE of the front.
  bool CountHit(std::string_view key) {
    Pending& front = queue_.front();
    const std::span<Key> keys = queue_.front_keys();
    const uint64_t hash = HashOf(key);
    size_t at = front.next_key;
    for (size_t i = 0; i < keys.size(); ++i, ++at) {
      if (at >= keys.size()) at = 0;
      if (keys[at].hit || keys[at].hash != hash) continue;
      keys[at].hit = true;
      front.next_key = static_cast<uint32_t>(at + 1);
      return true;
    }
    if (front.other_hits == front.other_keys) return false;
    ++front.other_hits;
    return true;
  }

  // The front asked for one key.
  void CountOnlyHit() {
    Pending& front = queue_.front();
    if (front.kept_keys > 0) {
      queue_.front_keys()[0].hit = true;
    } else {
      front.other_hits = front.other_keys;
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
    Outcome outcome = OutcomeOf(reason);
    if (by_upstream && request_closed_) outcome = Outcome::kClientGone;
    after_close_ = outcome;
    if (unasked_) begun_ = unasked_ = false;
    if (begun_ && outcome == Outcome::kUpstreamClosed) EndFront(Outcome::kResponseIncomplete, t);
    if (quit_ && reason == CloseReason::kEnd && awaited_ == 0) {
      while (!queue_.empty()) EndSilently(t);
    }
    EndAll(outcome, t);
  }

  // The same one each time: most of its fields are never set, and to clear them all costs more than to parse.
  Exchange& Describe(std::string_view operation, uint64_t request_bytes) {
    exchange_.operation = operation;
    exchange_.outcome = Outcome::kAnswered;
    exchange_.request_bytes = request_bytes;
    exchange_.response_bytes = 0;
    exchange_.has_first_byte = false;
    exchange_.pipeline_wait = Duration::zero();
    exchange_.pipelined = false;
    exchange_.error = {};
    exchange_.cache = {};
    return exchange_;
  }

  Exchange& Describe(const Pending& request) {
    Exchange& exchange = Describe(request.operation, request.request_bytes);
    exchange.start = exchange.end = std::max(request.readable, reply_end_);
    exchange.pipelined = request.pipelined;
    exchange.pipeline_wait = exchange.start - request.readable;
    return exchange;
  }

  void Announce(Pending& request) {
    request.started = true;
    ++awaited_;
    sink_.Started(Describe(request));
  }

  void EndFront(Outcome outcome, TimePoint t) {
    Pending& front = queue_.front();
    if (!front.started) Announce(front);
    Exchange& exchange = Describe(front);
    exchange.outcome = outcome;
    exchange.end = t;
    // What came after the answer began, or was let go meanwhile, is not what it answers.
    if (begun_ && visible_ > 0 && outcome != Outcome::kUnobserved) {
      exchange.first_byte = first_byte_;
      exchange.has_first_byte = true;
      exchange.response_bytes = response_bytes_;
    }
    exchange.error = error_;
    Emit(exchange);
    if (outcome == Outcome::kUnobserved && !matched_) return;
    begun_ = matched_ = false;
    response_bytes_ = 0;
    error_ = {};
    reply_end_ = t;
  }

  // The front was answered with silence, which `t` has told.
  void EndSilently(TimePoint t) {
    Pending& front = queue_.front();
    if (!front.started) Announce(front);
    Exchange& exchange = Describe(front);
    exchange.first_byte = exchange.end = t;
    exchange.has_first_byte = true;
    Emit(exchange);
  }

  // Ends the front, with what is known of its keys.
  void Emit(Exchange& exchange) {
    --awaited_;
    const Pending& front = queue_.front();
    if (exchange.outcome == Outcome::kAnswered && exchange.error.empty() && IsLookup(front.command)) {
      for (const Key& key : queue_.front_keys()) Count(key.keyspace, key.hit ? 1 : 0, key.hit ? 0 : 1);
      Count(0, front.other_hits, front.other_keys - front.other_hits);
      exchange.cache = lookups_;
    }
    sink_.Ended(exchange);
    lookups_.clear();
    if (lookups_.capacity() > kKeptLookups) lookups_.shrink_to_fit();
    queue_.Pop();
  }

  void Count(uint32_t keyspace, uint32_t hits, uint32_t misses) {
    if (hits + misses == 0) return;
    // Neighbours are mostly of one keyspace.
    auto at = lookups_.rbegin();
    while (at != lookups_.rend() && at->keyspace != keyspace) ++at;
    if (at == lookups_.rend()) {
      lookups_.push_back(CacheLookup{keyspace, hits, misses});
    } else {
      at->hits += hits;
      at->misses += misses;
    }
  }

  void EndAll(Outcome outcome, TimePoint t) {
    while (!queue_.empty()) {
      const bool waits = awaited_ > 0 || NeverReached(outcome);
      EndFront(waits ? outcome : Outcome::kUnobserved, t);
    }
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
  RequestParser requests_;
  ReplyParser replies_;

  std::optional<Outcome> after_close_;  // the response side is closed: what becomes of requests from then on
  bool done_ = false;                   // nothing more is to be read: opaque, or the client is gone
  bool request_closed_ = false;
  bool arrived_behind_ = false;  // the request that is being read came while another waited
  bool quit_ = false;            // the client asked the server to close
  bool unasked_error_ = false;   // there may be an error for a request that wanted no answer
  bool gave_up_ = false;         // ... or for a quiet one that was let go

  bool begun_ = false;    // a byte of an answer came
  bool matched_ = false;  // ... which is the front's
  bool unasked_ = false;  // ... which is nobody's
  size_t awaited_ = 0;    // requests that were Started and have not Ended
  size_t visible_ = 0;    // how many requests there were when the answer began
  uint64_t response_bytes_ = 0;
  std::string_view error_;
  Exchange exchange_;                 // the one that is told of
  std::vector<CacheLookup> lookups_;  // its cache
  TimePoint readable_{};              // first byte of the request that is being read
  TimePoint first_byte_{};            // of the answer
  TimePoint reply_end_{};             // of the answer read last
};

// Each connection has one.
static_assert(sizeof(MemcachedObserver) <= 896);

}  // namespace

std::unique_ptr<Observer> MakeObserver(ExchangeSink& sink) {
  return std::make_unique<MemcachedObserver>(sink);
}

}  // namespace sidelight::memcached
