// How the exchanges of a conversation and its session begin and end.
#include <algorithm>

#include "collector/protocols/postgres/conversation.h"

namespace sidelight::postgres {

void Conversation::Push(Kind kind, std::string_view row, TimePoint t) {
  if (queue_.full()) return GoOpaque(OpaqueReason::kLimit, t);
  Pending pending;
  pending.kind = kind;
  pending.readable = readable_;
  pending.pipelined = arrived_behind_;
  queue_.Push(pending, row);
  if (kind != Kind::kSync) {
    queue_.NextOfBack();
    Start(queue_.back(), queue_.back_summary(), queue_.back_query());
  }
  if (after_close_) EndAll(*after_close_, t);
}

// The same one each time: most of its fields are never set, and to clear them all costs more than to parse.
Exchange& Conversation::Describe(const Pending& pending, std::string_view summary, std::string_view query) {
  exchange_.operation = OperationName(pending.operation);
  exchange_.summary = summary;
  exchange_.query = query;
  exchange_.database = database_;
  exchange_.outcome = Outcome::kAnswered;
  exchange_.error = {};
  exchange_.start = exchange_.end = pending.readable;
  exchange_.has_first_byte = false;
  exchange_.pipelined = pending.pipelined;
  exchange_.pipeline_wait = Duration::zero();
  exchange_.returned_rows = -1;
  exchange_.blocking = false;
  return exchange_;
}

void Conversation::Start(Pending& pending, std::string_view summary, std::string_view query) {
  pending.open = true;
  ++open_;
  if (ready_) SetSession(SessionState::kActive);
  sink_.Started(Describe(pending, summary, query));
}

void Conversation::StartUnknown() {
  Pending& front = queue_.front();
  front.operation = Keyword::kNone;
  front.summary_length = 0;
  front.query_length = 0;
  front.pipelined = true;
  Start(front, {}, {});
}

// Ends the present statement of the front.
void Conversation::End(Outcome outcome, TimePoint t) {
  Pending& front = queue_.front();
  Exchange& exchange = Describe(front, queue_.front_summary(), queue_.front_query());
  // Its own clock starts when the one before has ended.
  exchange.start = std::max(front.readable, last_end_);
  if (front.pipelined) exchange.pipeline_wait = exchange.start - front.readable;
  exchange.outcome = outcome;
  exchange.error = error_;
  exchange.returned_rows = returned_rows_;
  exchange.blocking = waits_;
  exchange.end = t;
  if (answering_) {
    exchange.first_byte = std::max(first_byte_, exchange.start);
    exchange.has_first_byte = true;
  }
  front.open = false;
  --open_;
  last_end_ = t;
  ForgetAnswer();
  sink_.Ended(exchange);
}

void Conversation::EndWithError(TimePoint t) {
  MarkFirstByte(response_begin_);
  error_ = answer_.sqlstate();
  End(Outcome::kAnswered, t);
  error_ = {};
}

void Conversation::ForgetAnswer() {
  answering_ = described_ = waits_ = copying_in_ = copying_out_ = copied_early_ = false;
  rows_ = 0;
  returned_rows_ = -1;
}

void Conversation::EndAll(Outcome outcome, TimePoint t) {
  while (!queue_.empty()) {
    if (queue_.front().open) End(outcome, t);
    queue_.Pop();
  }
}

void Conversation::SetSession(SessionState state) {
  if (state == session_) return;
  const SessionState from = session_;
  session_ = state;
  sink_.SessionChanged(from, state);
}

}  // namespace sidelight::postgres
