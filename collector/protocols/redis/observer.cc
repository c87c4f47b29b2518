#include "collector/protocols/redis/observer.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <limits>
#include <optional>

#include "collector/protocols/close_outcome.h"
#include "collector/protocols/redis/commands.h"
#include "collector/protocols/redis/lookup.h"
#include "collector/protocols/redis/pending.h"
#include "collector/protocols/redis/reply_parser.h"
#include "collector/protocols/redis/request_parser.h"
#include "collector/protocols/redis/subscriptions.h"

namespace sidelight::redis {
namespace {

constexpr int64_t kToTheLast = std::numeric_limits<int64_t>::max();

// The error's first word when it looks like one; scripts may say anything.
std::string_view ErrorOf(std::string_view text) {
  const std::string_view word = text.substr(0, text.find(' '));
  const bool good = !word.empty() && word.size() <= ReplyParser::kMaxWord &&
                    std::all_of(word.begin(), word.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  return good ? word : "ERR";
}

// A number of an argument; nothing when it is none, or too large to mean anything.
std::optional<uint32_t> NumberOf(std::string_view text) {
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool IsMessage(std::string_view kind) {
  return kind == "message" || kind == "pmessage" || kind == "smessage";
}

bool EndsTransaction(Kind kind) {
  return kind == Kind::kExec || kind == Kind::kDiscard || kind == Kind::kReset;
}

bool IsConfirmation(std::string_view kind) {
  return kind == "subscribe" || kind == "psubscribe" || kind == "ssubscribe" || kind == "unsubscribe" ||
         kind == "punsubscribe" || kind == "sunsubscribe";
}

class RedisObserver final : public Observer {
 public:
  explicit RedisObserver(ExchangeSink& sink) : sink_(sink) {}

  void OnBytes(Direction direction, std::string_view bytes, TimePoint t) override {
    if (!bytes.empty()) Read(direction, bytes, t);
  }

  void OnSkipped(Direction direction, uint64_t n, TimePoint t) override {
    if (done_ || n == 0) return;
    if (direction == Direction::kRequest) {
      request_.Skip(n);
    } else {
      reply_.Skip(n);
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
    if (direction == Direction::kResponse) return reply_.Skippable();
    return deferred_ ? 0 : request_.Skippable();
  }

  bool AwaitingResponse() const override { return announced_ > 0; }
  bool InRequestHead() const override {
    return !done_ && !request_closed_ && (request_.in_head() || deferred_);
  }

 private:
  enum class Replies : uint8_t { kOn, kOff, kSkipNext };  // as CLIENT REPLY set it

  void Read(Direction direction, std::string_view bytes, TimePoint t) {
    if (direction == Direction::kRequest) {
      ReadRequests(bytes, t);
    } else {
      ReadReplies(bytes, t);
    }
  }

  // ---- the client's side

  void ReadRequests(std::string_view bytes, TimePoint t) {
    while (!done_) {
      if (request_.idle()) {
        readable_ = t;
        arrived_behind_ = !queue_.empty();
      }
      switch (request_.Next(bytes)) {
        case RequestParser::Event::kMore:
          return;
        case RequestParser::Event::kEmpty:
          break;
        case RequestParser::Event::kCommand:
          ReadName(t);
          break;
        case RequestParser::Event::kArgument:
          ReadArgument();
          break;
        case RequestParser::Event::kEnd:
          CommandEnded(t);
          if (bytes.empty()) return;
          break;
        case RequestParser::Event::kInvalid:
          return GoOpaque(OpaqueReason::kNotProtocol, t);
        case RequestParser::Event::kTooLong:
          return GoOpaque(OpaqueReason::kLimit, t);
      }
    }
  }

  void ReadName(TimePoint t) {
    const Command& command = FindCommand(request_.argument());
    const Kind kind = command.kind;
    if (kind == Kind::kReset) replies_ = Replies::kOn;
    bool answered = replies_ == Replies::kOn;
    if (kind == Kind::kClient) {
      deferred_ = true;
      says_reply_ = false;
      set_replies_.reset();
      request_.Want(1, 2);
      command_ = &command;
      return;
    }
    // Such replies cannot be told apart: confirmations within EXEC's are more than it declares.
    if (kind == Kind::kSubscribe && (multi_asked_ || !answered)) return GoOpaque(OpaqueReason::kLimit, t);
    if (replies_ == Replies::kSkipNext) replies_ = Replies::kOn;
    StartCommand(command, answered, t);
    if (!done_) WantArguments(command);
  }

  void WantArguments(const Command& command) {
    switch (command.kind) {
      case Kind::kSelect:
      case Kind::kHello:
        return request_.Want(1, 1);
      case Kind::kStreamRead:
        return request_.Want(1, kToTheLast);
      case Kind::kStreamReadGroup:
        return request_.Want(4, kToTheLast);  // behind GROUP, the group and the consumer
      case Kind::kSet:
        if (request_.count() > 3) request_.Want(1, 1);
        return;
      case Kind::kMulti:
        multi_asked_ = true;
        return;
      case Kind::kExec:
      case Kind::kDiscard:
      case Kind::kReset:
        multi_asked_ = false;
        return;
      default:
        break;
    }
    switch (command.rule) {
      case CacheRule::kNone:
        return;
      case CacheRule::kEachKey:
      case CacheRule::kCount:
        return request_.Want(1, kToTheLast);
      default:
        return request_.Want(1, 1);
    }
  }

  void StartCommand(const Command& command, bool answered, TimePoint t) {
    if (!answered) {
      unanswered_.emplace();
      unanswered_->command = &command;
      unanswered_->start = readable_;
      unanswered_->blocking = command.kind == Kind::kBlocking;
      return;
    }
    if (queue_.full()) return GoOpaque(OpaqueReason::kLimit, t);
    Pending& pending = queue_.Push();
    receiving_ = true;
    pending.command = &command;
    pending.readable = readable_;
    pending.blocking = command.kind == Kind::kBlocking;
    if (command.kind == Kind::kSubscribe) pending.argument = static_cast<uint32_t>(request_.count() - 1);
    pending.pipelined = arrived_behind_;
    pending.waiting = arrived_behind_ && queue_.size() > 1;
    // The reply before it may have ended while this command was coming in.
    pending.start = arrived_behind_ ? reply_end_ : readable_;
    pending.announced = !multi_asked_ || EndsTransaction(command.kind);
    if (pending.announced) {
      Exchange& exchange = Describe(pending);
      if (pending.waiting) exchange.start = readable_;
      ++announced_;
      sink_.Started(exchange);
    }
    if (after_close_) EndAll(*after_close_, t);
  }

  void ReadArgument() {
    const std::string_view argument = request_.argument();
    if (deferred_) return ReadClientArgument(argument);
    if (!receiving_ && !unanswered_) return;
    Pending& command = receiving_ ? queue_.back() : *unanswered_;
    switch (command.command->kind) {
      case Kind::kSelect:
      case Kind::kHello:
        command.argument = NumberOf(argument).value_or(0);
        return;
      case Kind::kStreamRead:
      case Kind::kStreamReadGroup:
        if (SameWord(argument, "BLOCK")) command.blocking = true;
        if (command.blocking || SameWord(argument, "STREAMS")) request_.Want(0, -1);
        return;
      case Kind::kSet:
        if (request_.index() == 1) {
          request_.Want(3, kToTheLast);  // the options
          break;
        }
        if (SameWord(argument, "GET")) command.set_get = true;
        return;
      default:
        break;
    }
    if (receiving_) queue_.AddKey(sink_.Keyspace(argument));
  }

  void ReadClientArgument(std::string_view argument) {
    if (request_.index() == 1) {
      says_reply_ = request_.count() == 3 && SameWord(argument, "REPLY");
    } else if (says_reply_) {
      if (SameWord(argument, "ON")) set_replies_ = Replies::kOn;
      if (SameWord(argument, "OFF")) set_replies_ = Replies::kOff;
      if (SameWord(argument, "SKIP")) set_replies_ = Replies::kSkipNext;
    }
  }

  void CommandEnded(TimePoint t) {
    if (deferred_) {
      deferred_ = false;
      if (set_replies_ && multi_asked_) return GoOpaque(OpaqueReason::kLimit, t);
      StartClient(t);
      if (done_) return;
    }
    if (unanswered_) {
      const Pending command = *unanswered_;
      unanswered_.reset();
      EndUnanswered(command, t);
    }
    if (receiving_) queue_.back().request_bytes = request_.bytes();
    receiving_ = false;
  }

  void StartClient(TimePoint t) {
    bool answered = replies_ == Replies::kOn;
    if (!set_replies_) {
      if (replies_ == Replies::kSkipNext) replies_ = Replies::kOn;
    } else {
      answered = *set_replies_ == Replies::kOn;
      // While they are off, skipping one means nothing.
      if (*set_replies_ != Replies::kSkipNext || replies_ != Replies::kOff) replies_ = *set_replies_;
    }
    StartCommand(*command_, answered, t);
  }

  void EndUnanswered(const Pending& command, TimePoint t) {
    Exchange& exchange = Describe(command);
    sink_.Started(exchange);
    exchange.outcome = after_close_.value_or(Outcome::kAnswered);
    exchange.request_bytes = request_.bytes();
    exchange.end = t;
    sink_.Ended(exchange);
    Apply(command);
  }

  // ---- the server's side

  void ReadReplies(std::string_view bytes, TimePoint t) {
    while (!done_) {
      switch (reply_.Next(bytes)) {
        case ReplyParser::Event::kMore:
          return;
        case ReplyParser::Event::kBegin:
          BeginReply(t);
          break;
        case ReplyParser::Event::kElement:
          ReadElement(t);
          break;
        case ReplyParser::Event::kEnd:
          ReplyEnded(t);
          if (bytes.empty()) return;
          break;
        case ReplyParser::Event::kInvalid:
          return GoOpaque(OpaqueReason::kNotProtocol, t);
        case ReplyParser::Event::kTooDeep:
          return GoOpaque(OpaqueReason::kLimit, t);
      }
    }
  }

  void BeginReply(TimePoint t) {
    const char type = reply_.type();
    reply_begin_ = t;
    // A push, or in RESP2 an array on a connection with subscriptions, may be a message: its first word
    // tells.
    undecided_ = type == '>' || (type == '*' && !resp3_ && subscriptions_.any());
    if (undecided_) return reply_.Look(0, true);
    if (queue_.empty()) return GoOpaque(OpaqueReason::kDesynchronized, t);
    BeginAnswer(t);
    lookup_.Begin();

    const Command& command = *queue_.front().command;
    // What follows is a snapshot of the data and no RESP; before it there may be empty lines to keep the link
    // alive.
    if (command.kind == Kind::kSync && (type == '+' || type == '$' || type == '\n')) {
      EndFront(Outcome::kAnswered, t);
      return GoOpaque(OpaqueReason::kUpgraded, t);
    }
    in_exec_ = command.kind == Kind::kExec && in_multi_ && type != '-';
    element_end_ = 0;
    const size_t depth = in_exec_ ? 2 : Lookup::WantsElements(queue_.front().rule()) ? 1 : 0;
    reply_.Look(depth, command.kind == Kind::kSubscribe);
  }

  void BeginAnswer(TimePoint t) {
    if (answering_) return;
    answering_ = true;
    first_byte_ = t;
  }

  void ReadElement(TimePoint t) {
    if (!in_exec_) return lookup_.Element(queue_, reply_.value());
    if (transaction_.empty()) return;
    if (reply_.depth() == 2) {
      if (Lookup::WantsElements(transaction_.front().rule())) lookup_.Element(transaction_, reply_.value());
      return;
    }
    EndQueued(t);
  }

  // The front of the transaction has its reply.
  void EndQueued(TimePoint t) {
    const Pending& command = transaction_.front();
    Exchange& exchange = Describe(command);
    exchange.start = queue_.front().start;
    exchange.pipelined = false;
    exchange.pipeline_wait = {};
    exchange.blocking = false;  // within a transaction nothing waits
    sink_.Started(exchange);
    const Value& value = reply_.value();
    lookup_.Reply(transaction_, value);
    exchange.request_bytes = command.request_bytes;
    exchange.response_bytes = reply_.bytes() - element_end_;
    element_end_ = reply_.bytes();
    exchange.first_byte = first_byte_;
    exchange.has_first_byte = true;
    exchange.end = t;
    if (value.is_error()) exchange.error = ErrorOf(reply_.word());
    exchange.cache = lookup_.result();
    sink_.Ended(exchange);
    lookup_.Begin();
    if (!value.is_error()) Apply(command);
    transaction_.Pop();
  }

  void ReplyEnded(TimePoint t) {
    const bool subscribes = !queue_.empty() && queue_.front().command->kind == Kind::kSubscribe;
    const char type = reply_.type();
    if (undecided_) {
      undecided_ = false;
      const std::string_view kind = reply_.word();
      const bool confirms = IsConfirmation(kind);
      // A server that moves a slot away ends subscriptions unasked.
      const bool unasked = confirms && !(subscribes && IsSame(kind, *queue_.front().command));
      if (unasked) subscriptions_.Confirm(kind, reply_.last_integer());
      if (type == '>' ? !confirms || unasked : IsMessage(kind) || unasked) return;
      if (queue_.empty()) return GoOpaque(OpaqueReason::kDesynchronized, t);
      BeginAnswer(reply_begin_);
      lookup_.Begin();
    }
    if (subscribes && (type == '*' || type == '>')) return Confirm(t);
    EndAnswered(t);
  }

  static bool IsSame(std::string_view kind, const Command& command) { return SameWord(kind, command.name); }

  // A confirmation of the front, which is a subscription or its end.
  void Confirm(TimePoint t) {
    Pending& command = queue_.front();
    if (command.argument == 0) {
      command.argument = static_cast<uint32_t>(subscriptions_.ConfirmationsOfAll(command.command->name));
    }
    subscriptions_.Confirm(reply_.word(), reply_.last_integer());
    reply_bytes_ += reply_.bytes();
    if (--command.argument == 0) EndFront(Outcome::kAnswered, t);
  }

  void EndAnswered(TimePoint t) {
    const Value& value = reply_.value();
    const Pending& command = queue_.front();
    const Kind kind = command.command->kind;
    reply_bytes_ += reply_.bytes();
    if (value.is_error()) {
      error_ = ErrorOf(reply_.word());
    } else if (in_multi_ && value.type == '+' && reply_.word() == "QUEUED") {
      if (transaction_.full()) return GoOpaque(OpaqueReason::kLimit, t);
      transaction_.PushFrontOf(queue_);
      return EndFront(Outcome::kUnobserved, t);  // its exchange is yet to come
    }
    if (in_multi_ && EndsTransaction(kind)) {
      in_multi_ = in_exec_ = false;
      transaction_.Clear();
      lookup_.Begin();
    }
    lookup_.Reply(queue_, value);
    if (!value.is_error()) Apply(command);
    EndFront(Outcome::kAnswered, t);
    if (kind == Kind::kMonitor && !value.is_error()) GoOpaque(OpaqueReason::kUpgraded, t);
  }

  // What a command that succeeded does to the connection.
  void Apply(const Pending& command) {
    switch (command.command->kind) {
      case Kind::kSelect:
        SetDatabase(command.argument);
        break;
      case Kind::kHello:
        if (command.argument != 0) resp3_ = command.argument == 3;
        break;
      case Kind::kMulti:
        in_multi_ = true;
        break;
      case Kind::kReset:
        resp3_ = false;
        subscriptions_.Clear();
        SetDatabase(0);
        break;
      default:
        break;
    }
  }

  void SetDatabase(uint32_t index) {
    const auto result = std::to_chars(database_.data(), database_.data() + database_.size(), index);
    database_size_ = static_cast<uint8_t>(result.ptr - database_.data());
  }

  // ---- how exchanges end

  void RequestClosed(CloseReason reason, TimePoint t) {
    request_closed_ = true;
    // Half a connection: replies may still come.
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
    if (answering_ && outcome == Outcome::kUpstreamClosed) EndFront(Outcome::kResponseIncomplete, t);
    EndAll(outcome, t);
  }

  // The exchange of `command` as it is when it starts, until the next call.
  Exchange& Describe(const Pending& command) {
    Exchange& exchange = exchange_;
    exchange.operation = command.command->name;
    exchange.outcome = Outcome::kAnswered;
    exchange.request_bytes = 0;
    exchange.response_bytes = 0;
    exchange.start = command.start;
    exchange.first_byte = {};
    exchange.has_first_byte = false;
    exchange.end = {};
    exchange.pipelined = command.pipelined;
    exchange.pipeline_wait =
        command.pipelined && !command.waiting ? command.start - command.readable : Duration::zero();
    exchange.database = std::string_view(database_.data(), database_size_);
    exchange.error = {};
    exchange.blocking = command.blocking;
    exchange.cache = {};
    return exchange;
  }

  void EndFront(Outcome outcome, TimePoint t) {
    // A command that still waits has no start of its own: the reply before it never ended.
    if (queue_.front().waiting) ReleaseNext(t);
    const Pending& command = queue_.front();
    const bool receiving = receiving_ && queue_.size() == 1;
    Exchange& exchange = Describe(command);
    exchange.outcome = outcome;
    exchange.request_bytes = receiving ? request_.bytes() : command.request_bytes;
    exchange.end = t;
    if (answering_) {
      exchange.first_byte = first_byte_;
      exchange.has_first_byte = true;
      exchange.response_bytes = reply_bytes_;
    }
    if (outcome == Outcome::kAnswered) {
      exchange.error = error_;
      exchange.cache = lookup_.result();
    }
    // Within MULTI nothing has happened yet, unless it was refused.
    if (!command.announced && outcome == Outcome::kAnswered) sink_.Started(exchange);
    if (command.announced || outcome == Outcome::kAnswered) sink_.Ended(exchange);
    if (command.announced) --announced_;

    if (receiving) receiving_ = false;
    answering_ = false;
    error_ = {};
    reply_bytes_ = 0;
    reply_end_ = t;
    queue_.Pop();
    ReleaseNext(t);
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
    transaction_.Clear();
  }

  ExchangeSink& sink_;
  Exchange exchange_;  // kept, since clearing all of a fresh one costs more than the rest of a small command
  PendingQueue queue_;
  uint32_t announced_ = 0;    // how many of them have Started
  PendingQueue transaction_;  // what MULTI queued, until EXEC's reply
  RequestParser request_;
  ReplyParser reply_;
  Lookup lookup_;
  Subscriptions subscriptions_;

  bool done_ = false;  // nothing more is to be read: opaque, or the client is gone
  bool request_closed_ = false;
  std::optional<Outcome> after_close_;  // the reply side is closed: what becomes of commands from then on

  TimePoint readable_{};               // first byte of the command that is being read
  bool arrived_behind_ = false;        // ... which came while a reply was due
  bool receiving_ = false;             // it is the queue's last, and not whole yet
  std::optional<Pending> unanswered_;  // it, when no reply will come
  bool deferred_ = false;              // it is CLIENT: where it belongs is known when it is whole
  bool says_reply_ = false;            // ... CLIENT REPLY
  std::optional<Replies> set_replies_;
  const Command* command_ = nullptr;
  Replies replies_ = Replies::kOn;  // for the commands that are being read
  bool multi_asked_ = false;        // the command that is being read will be queued

  bool undecided_ = false;  // the reply that is being read may be a message
  bool answering_ = false;  // a byte of the front's reply came
  bool in_multi_ = false;
  bool in_exec_ = false;  // the reply that is being read carries those of the transaction
  bool resp3_ = false;
  uint8_t database_size_ = 1;
  std::array<char, 10> database_ = {'0'};
  std::string_view error_;    // of the front's reply
  uint64_t reply_bytes_ = 0;  // likewise
  uint64_t element_end_ = 0;  // where the last element of EXEC's reply ended
  TimePoint reply_begin_{};   // of the reply that is being read
  TimePoint first_byte_{};
  TimePoint reply_end_{};  // of the reply read last
};

// Each connection has one.
static_assert(sizeof(RedisObserver) <= 1024);

}  // namespace

std::unique_ptr<Observer> MakeObserver(ExchangeSink& sink) {
  return std::make_unique<RedisObserver>(sink);
}

}  // namespace sidelight::redis
