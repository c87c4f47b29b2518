#include "collector/protocols/redis/exchanges.h"

#include <utility>

namespace sidelight::redis {

void Exchanges::EndUnanswered(const Pending& command, TimePoint t) {
  started_ = true;
  Exchange& exchange = Describe(command);
  sink_.Started(exchange);
  exchange.outcome = after_close_.value_or(Outcome::kAnswered);
  exchange.request_bytes = command.request_bytes;
  exchange.end = t;
  sink_.Ended(exchange);
}

void Exchanges::EndQueued(const Pending& command, uint64_t bytes, std::string_view error,
                          std::span<const CacheLookup> cache, TimePoint t) {
  Exchange& exchange = Describe(command);
  exchange.start = queue_.front().start;
  exchange.pipelined = false;
  exchange.pipeline_wait = {};
  exchange.blocking = false;  // within a transaction nothing waits
  sink_.Started(exchange);
  exchange.request_bytes = command.request_bytes;
  exchange.response_bytes = bytes;
  exchange.first_byte = first_byte_;
  exchange.has_first_byte = true;
  exchange.end = t;
  exchange.error = error;
  exchange.cache = cache;
  sink_.Ended(exchange);
}

void Exchanges::Greet(std::string_view error, uint64_t bytes) {
  greeting_ = std::make_unique<Greeting>(Greeting{std::string(error), bytes});
}

void Exchanges::EndWithGreeting(TimePoint t) {
  const std::unique_ptr<Greeting> greeting = std::move(greeting_);
  BeginAnswer(queue_.front().start);
  AddAnswerBytes(greeting->bytes);
  EndFront(greeting->error, {}, t);
}

void Exchanges::Close(Outcome outcome, TimePoint t) {
  after_close_ = outcome;
  if (answering_ && outcome == Outcome::kUpstreamClosed) EndFront({}, {}, t, Outcome::kResponseIncomplete);
  EndAll(outcome, t);
}

void Exchanges::EndAll(Outcome outcome, TimePoint t) {
  while (!queue_.empty()) EndFront({}, {}, t, outcome);
}

void Exchanges::Clear() {
  queue_.Clear();
  greeting_.reset();
}

}  // namespace sidelight::redis
