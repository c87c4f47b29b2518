// How the exchanges of a conversation begin and end.
#include <algorithm>

#include "collector/protocols/memcached/conversation.h"

namespace sidelight::memcached {
namespace {

// The request cannot have reached the backend, so silence means nothing.
bool NeverReached(Outcome outcome) {
  return outcome == Outcome::kConnectRefused || outcome == Outcome::kConnectTimeout ||
         outcome == Outcome::kDns || outcome == Outcome::kOverloaded;
}

// What is kept of the memory for the keyspaces of one lookup.
constexpr size_t kKeptLookups = 16;

}  // namespace

// The same one each time: most of its fields are never set, and to clear them all costs more than to parse.
Exchange& Conversation::Describe(std::string_view operation, uint64_t request_bytes) {
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

Exchange& Conversation::Describe(const Pending& request) {
  Exchange& exchange = Describe(request.operation, request.request_bytes);
  exchange.start = exchange.end = std::max(request.readable, reply_end_);
  exchange.pipelined = request.pipelined;
  exchange.pipeline_wait = exchange.start - request.readable;
  return exchange;
}

void Conversation::Announce(Pending& request) {
  request.started = true;
  ++awaited_;
  sink_.Started(Describe(request));
}

void Conversation::EndFront(Outcome outcome, TimePoint t) {
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
void Conversation::EndSilently(TimePoint t) {
  Pending& front = queue_.front();
  if (!front.started) Announce(front);
  Exchange& exchange = Describe(front);
  exchange.first_byte = exchange.end = t;
  exchange.has_first_byte = true;
  Emit(exchange);
}

// Ends the front, with what is known of its keys.
void Conversation::Emit(Exchange& exchange) {
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

void Conversation::Count(uint32_t keyspace, uint32_t hits, uint32_t misses) {
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

void Conversation::EndAll(Outcome outcome, TimePoint t) {
  while (!queue_.empty()) {
    const bool waits = awaited_ > 0 || NeverReached(outcome);
    EndFront(waits ? outcome : Outcome::kUnobserved, t);
  }
}

}  // namespace sidelight::memcached
