#include "collector/protocols/memcached/observer.h"

#include "collector/protocols/close_outcome.h"
#include "collector/protocols/memcached/conversation.h"

namespace sidelight::memcached {

void Conversation::OnBytes(Direction direction, std::string_view bytes, TimePoint t) {
  if (!bytes.empty()) Read(direction, bytes, t);
}

void Conversation::OnSkipped(Direction direction, uint64_t n, TimePoint t) {
  if (done_ || n == 0) return;
  if (direction == Direction::kRequest) {
    requests_.Skip(n);
  } else {
    replies_.Skip(n);
  }
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
  return direction == Direction::kRequest ? requests_.Skippable() : replies_.Skippable();
}

void Conversation::Read(Direction direction, std::string_view bytes, TimePoint t) {
  if (direction == Direction::kRequest) {
    ReadRequests(bytes, t);
  } else {
    ReadReplies(bytes, t);
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
  if (by_upstream && request_closed_) outcome = Outcome::kClientGone;
  after_close_ = outcome;
  if (unasked_) begun_ = unasked_ = false;
  if (begun_ && outcome == Outcome::kUpstreamClosed) EndFront(Outcome::kResponseIncomplete, t);
  if (quit_ && reason == CloseReason::kEnd && awaited_ == 0) {
    while (!queue_.empty()) EndSilently(t);
  }
  EndAll(outcome, t);
}

void Conversation::GoOpaque(OpaqueReason reason, TimePoint t) {
  EndAll(Outcome::kUnobserved, t);
  Finish();
  sink_.WentOpaque(reason);
}

void Conversation::Finish() {
  done_ = true;
  queue_.Clear();
}

// Each connection has one.
static_assert(sizeof(Conversation) <= 896);

std::unique_ptr<Observer> MakeObserver(ExchangeSink& sink) {
  return std::make_unique<Conversation>(sink);
}

}  // namespace sidelight::memcached
