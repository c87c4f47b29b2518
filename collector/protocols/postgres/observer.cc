#include "collector/protocols/postgres/observer.h"

#include <cassert>

#include "collector/protocols/close_outcome.h"
#include "collector/protocols/postgres/conversation.h"

namespace sidelight::postgres {

void Conversation::OnBytes(Direction direction, std::string_view bytes, TimePoint t) {
  if (!bytes.empty()) Read(direction, bytes, t);
}

void Conversation::OnSkipped(Direction direction, uint64_t n, TimePoint t) {
  if (done_ || n == 0) return;
  Framer& framer = direction == Direction::kRequest ? request_ : response_;
  assert(n <= framer.Skippable());
  framer.Skip(n);
  Read(direction, {}, t);
}

void Conversation::OnClosed(Direction direction, CloseReason reason, TimePoint t) {
  if (direction == Direction::kRequest) {
    RequestClosed(reason, t);
  } else {
    ResponseClosed(reason, t);
  }
}

uint64_t Conversation::Skippable(Direction direction) const {
  if (done_) return kEverything;
  if (direction == Direction::kResponse) return response_.Skippable();
  return InRequestHead() ? 0 : request_.Skippable();
}

bool Conversation::InRequestHead() const {
  if (done_ || request_closed_ || request_.between()) return false;
  return request_.type() == '\0' || request_.type() == 'Q' || request_.type() == 'E';
}

void Conversation::Read(Direction direction, std::string_view bytes, TimePoint t) {
  if (direction == Direction::kRequest) {
    ReadRequests(bytes, t);
  } else {
    ReadResponses(bytes, t);
  }
}

void Conversation::RequestClosed(CloseReason reason, TimePoint t) {
  request_closed_ = true;
  // Half a connection: the answer may still come.
  if (done_ || reason == CloseReason::kEnd) return;
  EndAll(reason == CloseReason::kReset ? Outcome::kClientGone : OutcomeOf(reason), t);
  Finish();
}

void Conversation::ResponseClosed(CloseReason reason, TimePoint t) {
  if (done_ || after_close_) return;
  const bool by_upstream = reason == CloseReason::kEnd || reason == CloseReason::kReset;
  Outcome outcome = OutcomeOf(reason);
  if (by_upstream && (request_closed_ || terminated_)) outcome = Outcome::kClientGone;
  after_close_ = outcome;
  if (answering_ && outcome == Outcome::kUpstreamClosed) End(Outcome::kResponseIncomplete, t);
  EndAll(outcome, t);
  ready_ = false;
  SetSession(SessionState::kClosed);
}

void Conversation::GoOpaque(OpaqueReason reason, TimePoint t) {
  EndAll(Outcome::kUnobserved, t);
  Finish();
  sink_.WentOpaque(reason);
}

void Conversation::Finish() {
  done_ = true;
  queue_.Clear();
  reader_ = RequestReader(wants_queries_);
  prepared_ = Prepared();
  SetSession(SessionState::kClosed);
}

// Each connection has one.
static_assert(sizeof(Conversation) <= 1024);

std::unique_ptr<Observer> MakeObserver(ExchangeSink& sink) {
  return std::make_unique<Conversation>(sink);
}

}  // namespace sidelight::postgres
