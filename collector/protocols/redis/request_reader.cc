#include "collector/protocols/redis/request_reader.h"

#include <charconv>
#include <limits>

#include "collector/protocols/redis/commands.h"

namespace sidelight::redis {
namespace {

constexpr int64_t kToTheLast = std::numeric_limits<int64_t>::max();

// A number of an argument; nothing when it is none, or too large to mean anything.
std::optional<uint32_t> NumberOf(std::string_view text) {
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::optional<OpaqueReason> RequestReader::Read(std::string_view bytes, TimePoint t) {
  const Fault fault = ReadAll(bytes, t);
  // Its reply may come before the rest of it.
  if (exchanges_.receiving()) exchanges_.Received(parser_.bytes(), false);
  return fault;
}

RequestReader::Fault RequestReader::ReadAll(std::string_view bytes, TimePoint t) {
  while (true) {
    if (parser_.TakeEnd()) {
      if (const Fault fault = EndCommand(t)) return fault;
    }
    if (parser_.idle()) {
      if (bytes.empty()) return std::nullopt;
      arrival_ = {t, !exchanges_.empty()};
    }
    switch (parser_.Next(bytes)) {
      case RequestParser::Event::kMore:
        return std::nullopt;
      case RequestParser::Event::kEmpty:
        break;
      case RequestParser::Event::kCommand:
        if (const Fault fault = ReadName(t)) return fault;
        break;
      case RequestParser::Event::kArgument:
        if (kind_ == Kind::kPlain) {
          AddKey();
        } else {
          ReadArgument();
        }
        break;
      case RequestParser::Event::kEnd:
        if (const Fault fault = EndCommand(t)) return fault;
        break;
      case RequestParser::Event::kInvalid:
        return OpaqueReason::kNotProtocol;
      case RequestParser::Event::kTooLong:
        return OpaqueReason::kLimit;
    }
  }
}

RequestReader::Fault RequestReader::ReadName(TimePoint t) {
  const Command& command = FindCommand(parser_.argument());
  const Kind kind = kind_ = command.kind;
  if (kind == Kind::kReset) replies_ = Replies::kOn;
  const bool answered = replies_ == Replies::kOn;
  if (kind == Kind::kClient) {
    deferred_ = true;
    says_reply_ = false;
    set_replies_.reset();
    parser_.Want(1, 2);
    command_ = &command;
    return std::nullopt;
  }
  // Such replies cannot be told apart: confirmations within EXEC's are more than it declares.
  if (kind == Kind::kSubscribe && (multi_asked_ || !answered)) return OpaqueReason::kLimit;
  if (replies_ == Replies::kSkipNext) replies_ = Replies::kOn;
  if (const Fault fault = Start(command, answered, t)) return fault;
  WantArguments(command);
  return std::nullopt;
}

void RequestReader::WantArguments(const Command& command) {
  switch (command.kind) {
    case Kind::kSelect:
    case Kind::kHello:
      return parser_.Want(1, 1);
    case Kind::kStreamRead:
      return parser_.Want(1, kToTheLast);
    case Kind::kStreamReadGroup:
      return parser_.Want(4, kToTheLast);  // behind GROUP, the group and the consumer
    case Kind::kSet:
      if (parser_.count() > 3) parser_.Want(1, 1);
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
      return parser_.Want(1, kToTheLast);
    default:
      return parser_.Want(1, 1);
  }
}

RequestReader::Fault RequestReader::Start(const Command& command, bool answered, TimePoint t) {
  if (!answered) {
    unanswered_.emplace();
    unanswered_->command = &command;
    unanswered_->start = arrival_.readable;
    unanswered_->blocking = command.kind == Kind::kBlocking;
    return std::nullopt;
  }
  if (exchanges_.queue().full()) return OpaqueReason::kLimit;
  Pending& pending = exchanges_.Start(command, arrival_, !multi_asked_ || EndsTransaction(command.kind));
  if (command.kind == Kind::kSubscribe) pending.argument = static_cast<uint32_t>(parser_.count() - 1);
  if (exchanges_.closed() && !exchanges_.greeted()) {
    exchanges_.Received(parser_.bytes(), false);
    exchanges_.EndAfterClose(t);
  }
  return std::nullopt;
}

void RequestReader::ReadArgument() {
  const std::string_view argument = parser_.argument();
  if (deferred_) return ReadClientArgument(argument);
  const bool receiving = exchanges_.receiving();
  if (!receiving && !unanswered_) return;
  Pending& command = receiving ? exchanges_.queue().back() : *unanswered_;
  switch (kind_) {
    case Kind::kSelect:
    case Kind::kHello:
      command.argument = NumberOf(argument).value_or(0);
      return;
    case Kind::kStreamRead:
    case Kind::kStreamReadGroup:
      if (SameWord(argument, "BLOCK")) command.blocking = true;
      if (command.blocking || SameWord(argument, "STREAMS")) parser_.Want(0, -1);
      return;
    case Kind::kSet:
      if (parser_.index() == 1) {
        parser_.Want(3, kToTheLast);  // the options
        break;
      }
      if (SameWord(argument, "GET")) command.set_get = true;
      return;
    default:
      break;
  }
  AddKey();
}

// The argument is a key that is looked up.
void RequestReader::AddKey() {
  if (exchanges_.receiving()) exchanges_.queue().AddKey(exchanges_.sink().Keyspace(parser_.argument()));
}

void RequestReader::ReadClientArgument(std::string_view argument) {
  if (parser_.index() == 1) {
    says_reply_ = parser_.count() == 3 && SameWord(argument, "REPLY");
  } else if (says_reply_) {
    if (SameWord(argument, "ON")) set_replies_ = Replies::kOn;
    if (SameWord(argument, "OFF")) set_replies_ = Replies::kOff;
    if (SameWord(argument, "SKIP")) set_replies_ = Replies::kSkipNext;
  }
}

RequestReader::Fault RequestReader::EndCommand(TimePoint t) {
  if (deferred_) {
    deferred_ = false;
    if (set_replies_ && multi_asked_) return OpaqueReason::kLimit;
    if (const Fault fault = StartClient(t)) return fault;
  }
  if (unanswered_) {
    Pending command = *unanswered_;
    unanswered_.reset();
    command.request_bytes = parser_.bytes();
    exchanges_.EndUnanswered(command, t);
    session_.Apply(command);
  }
  if (!exchanges_.receiving()) return std::nullopt;
  exchanges_.Received(parser_.bytes(), true);
  if (exchanges_.greeted()) exchanges_.EndWithGreeting(t);
  return std::nullopt;
}

RequestReader::Fault RequestReader::StartClient(TimePoint t) {
  bool answered = replies_ == Replies::kOn;
  if (!set_replies_) {
    if (replies_ == Replies::kSkipNext) replies_ = Replies::kOn;
  } else {
    answered = *set_replies_ == Replies::kOn;
    // While they are off, skipping one means nothing.
    if (*set_replies_ != Replies::kSkipNext || replies_ != Replies::kOff) replies_ = *set_replies_;
  }
  return Start(*command_, answered, t);
}

}  // namespace sidelight::redis
