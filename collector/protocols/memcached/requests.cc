// What the client's bytes do to a conversation.
#include "collector/protocols/memcached/conversation.h"

namespace sidelight::memcached {

void Conversation::ReadRequests(std::string_view bytes, TimePoint t) {
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

void Conversation::StartExchange(TimePoint t) {
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
void Conversation::ReportSilent(TimePoint t) {
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
bool Conversation::GiveUpQuiet(TimePoint t) {
  if (matched_ || !queue_.front().quiet) return false;
  gave_up_ = true;
  if (visible_ > 0) --visible_;
  EndFront(Outcome::kUnobserved, t);
  return true;
}

}  // namespace sidelight::memcached
