#include "collector/protocols/redis/reply_reader.h"

#include <algorithm>

#include "collector/protocols/redis/commands.h"

namespace sidelight::redis {
namespace {

// The error's first word when it looks like one; scripts may say anything.
std::string_view ErrorOf(std::string_view text) {
  const std::string_view word = text.substr(0, text.find(' '));
  const bool good = !word.empty() && word.size() <= ReplyParser::kMaxWord &&
                    std::all_of(word.begin(), word.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  return good ? word : "ERR";
}

bool IsError(char type) {
  return type == '-' || type == '!';
}

bool IsMessage(std::string_view kind) {
  return kind == "message" || kind == "pmessage" || kind == "smessage";
}

bool IsConfirmation(std::string_view kind) {
  return kind == "subscribe" || kind == "psubscribe" || kind == "ssubscribe" || kind == "unsubscribe" ||
         kind == "punsubscribe" || kind == "sunsubscribe";
}

}  // namespace

std::optional<OpaqueReason> ReplyReader::Read(std::string_view bytes, TimePoint t) {
  while (true) {
    if (parser_.idle()) {
      if (bytes.empty()) return std::nullopt;
      parser_.Begin(bytes.front());
      if (const Fault fault = Begin(t)) return fault;
    }
    switch (parser_.Next(bytes)) {
      case ReplyParser::Event::kMore:
        return std::nullopt;
      case ReplyParser::Event::kElement:
        ReadElement(t);
        break;
      case ReplyParser::Event::kEnd:
        if (const Fault fault = End(t)) return fault;
        break;
      case ReplyParser::Event::kInvalid:
        return OpaqueReason::kNotProtocol;
      case ReplyParser::Event::kTooDeep:
        return OpaqueReason::kLimit;
    }
  }
}

ReplyReader::Fault ReplyReader::Begin(TimePoint t) {
  const char type = parser_.type();
  begin_ = t;
  // A push, or in RESP2 an array on a connection with subscriptions, may be a message: its first word
  // tells.
  undecided_ = type == '>' || (type == '*' && !session_.resp3 && session_.subscriptions.any());
  if (undecided_) {
    parser_.Look(0, true);
    return std::nullopt;
  }
  if (queue_.empty()) {
    greets_ = IsError(type) && exchanges_.MayGreet();
    if (!greets_) return OpaqueReason::kDesynchronized;
    parser_.Look(0, false);
    return std::nullopt;
  }
  exchanges_.BeginAnswer(t);
  lookup_.Begin();

  const Command& command = *queue_.front().command;
  in_exec_ = false;
  if (command.kind == Kind::kPlain) {
    parser_.Look(Lookup::WantsElements(command.rule) ? 1 : 0, false);
    return std::nullopt;
  }
  // What follows is a snapshot of the data and no RESP; before it there may be empty lines to keep the link
  // alive.
  if (command.kind == Kind::kSync && (type == '+' || type == '$' || type == '\n')) {
    exchanges_.EndFront({}, {}, t);
    return OpaqueReason::kUpgraded;
  }
  in_exec_ = command.kind == Kind::kExec && session_.in_multi && type != '-';
  element_end_ = 0;
  const size_t depth = in_exec_ ? 2 : Lookup::WantsElements(queue_.front().rule()) ? 1 : 0;
  parser_.Look(depth, command.kind == Kind::kSubscribe);
  return std::nullopt;
}

void ReplyReader::ReadElement(TimePoint t) {
  if (!in_exec_) return lookup_.Element(queue_, parser_.value());
  if (transaction_.empty()) return;
  if (parser_.depth() == 2) {
    if (Lookup::WantsElements(transaction_.front().rule())) lookup_.Element(transaction_, parser_.value());
    return;
  }
  EndQueued(t);
}

// The front of the transaction has its reply.
void ReplyReader::EndQueued(TimePoint t) {
  const Pending& command = transaction_.front();
  const Value& value = parser_.value();
  lookup_.Reply(transaction_, value);
  exchanges_.EndQueued(command, parser_.bytes() - element_end_,
                       value.is_error() ? ErrorOf(parser_.word()) : std::string_view(), lookup_.result(), t);
  element_end_ = parser_.bytes();
  lookup_.Begin();
  if (!value.is_error()) session_.Apply(command);
  transaction_.Pop();
}

ReplyReader::Fault ReplyReader::End(TimePoint t) {
  if (greets_) {
    greets_ = false;
    if (queue_.empty()) {
      exchanges_.Greet(ErrorOf(parser_.word()), parser_.bytes());
      return std::nullopt;
    }
    // A command has come meanwhile.
    exchanges_.BeginAnswer(std::max(begin_, queue_.front().start));
    lookup_.Begin();
  }
  const char type = parser_.type();
  const bool subscribes =
      (type == '*' || type == '>') && !queue_.empty() && queue_.front().command->kind == Kind::kSubscribe;
  if (undecided_) {
    undecided_ = false;
    const std::string_view kind = parser_.word();
    const bool confirms = IsConfirmation(kind);
    // A server that moves a slot away ends subscriptions unasked.
    const bool unasked = confirms && !(subscribes && SameWord(kind, queue_.front().command->name));
    if (unasked) session_.subscriptions.Confirm(kind, parser_.last_integer());
    if (type == '>' ? !confirms || unasked : IsMessage(kind) || unasked) return std::nullopt;
    if (queue_.empty()) return OpaqueReason::kDesynchronized;
    exchanges_.BeginAnswer(begin_);
    lookup_.Begin();
  }
  if (subscribes) {
    Confirm(t);
    return std::nullopt;
  }
  return EndAnswer(t);
}

// A confirmation of the front, which is a subscription or its end.
void ReplyReader::Confirm(TimePoint t) {
  Pending& command = queue_.front();
  if (command.argument == 0) {
    command.argument =
        static_cast<uint32_t>(session_.subscriptions.ConfirmationsOfAll(command.command->name));
  }
  session_.subscriptions.Confirm(parser_.word(), parser_.last_integer());
  exchanges_.AddAnswerBytes(parser_.bytes());
  if (--command.argument == 0) exchanges_.EndFront({}, {}, t);
}

ReplyReader::Fault ReplyReader::EndAnswer(TimePoint t) {
  const Value& value = parser_.value();
  const Pending& command = queue_.front();
  const Kind kind = command.command->kind;
  const bool failed = value.is_error();
  exchanges_.AddAnswerBytes(parser_.bytes());
  if (session_.in_multi) {
    if (value.type == '+' && parser_.word() == "QUEUED") {
      if (transaction_.full()) return OpaqueReason::kLimit;
      transaction_.PushFrontOf(queue_);
      exchanges_.DropFront(t);
      return std::nullopt;
    }
    if (EndsTransaction(kind)) {
      session_.in_multi = in_exec_ = false;
      transaction_.Clear();
      lookup_.Begin();
    }
  }
  lookup_.Reply(queue_, value);
  if (kind != Kind::kPlain && !failed) session_.Apply(command);
  exchanges_.EndFront(failed ? ErrorOf(parser_.word()) : std::string_view(), lookup_.result(), t);
  if (kind == Kind::kMonitor && !failed) return OpaqueReason::kUpgraded;
  return std::nullopt;
}

}  // namespace sidelight::redis
