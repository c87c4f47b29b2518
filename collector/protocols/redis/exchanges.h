// Exchanges: the commands of one connection that wait for their replies, oldest first, and what the sink is
// told of them. Both sides' readers work on it: one starts commands, the other ends them.
//
// A command's clock starts with its first byte or, when it came behind others, with the end of the reply
// before its own; so a command may wait for its turn to be timed at all.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "collector/protocols/exchange.h"
#include "collector/protocols/redis/pending.h"
#include "collector/protocols/redis/session.h"

namespace sidelight::redis {

// When a command came, and behind what.
struct Arrival {
  TimePoint readable{};  // its first byte could be read
  bool behind = false;   // ... while a reply was due
};

class Exchanges {
 public:
  Exchanges(ExchangeSink& sink, const Session& session) : sink_(sink), session_(session) {}

  ExchangeSink& sink() const { return sink_; }
  PendingQueue& queue() { return queue_; }
  bool empty() const { return queue_.empty(); }
  bool awaiting() const { return announced_ > 0; }

  // ---- the client's side

  // A command's name was read. `announced`: its exchange has Started with that; those that MULTI queues have
  // none yet. The queue must not be full.
  Pending& Start(const Command& command, const Arrival& arrival, bool announced);
  // The last command is not whole yet.
  bool receiving() const { return receiving_; }
  void Received(uint64_t bytes, bool whole) {
    queue_.back().request_bytes = bytes;
    receiving_ = !whole;
  }
  // A whole exchange that no reply will ever end.
  void EndUnanswered(const Pending& command, TimePoint t);

  // ---- the server's side

  // A byte of the front's reply came, unless one came before.
  void BeginAnswer(TimePoint t) {
    if (answering_) return;
    answering_ = true;
    first_byte_ = t;
  }
  void AddAnswerBytes(uint64_t bytes) { answer_bytes_ += bytes; }
  // The front has its reply, whose bytes were added; `error` is "" for success. The parts are passed one by
  // one, in registers: a struct of them costs a stall when it is read back in other pieces than it was
  // written in.
  void EndFront(std::string_view error, std::span<const CacheLookup> cache, TimePoint t) {
    EndFront(error, cache, t, Outcome::kAnswered);
  }
  // The front was queued by MULTI: its exchange is yet to come.
  void DropFront(TimePoint t) { EndFront({}, {}, t, Outcome::kUnobserved); }
  // A command that MULTI had queued has its part of EXEC's reply, which is the front's.
  void EndQueued(const Pending& command, uint64_t bytes, std::string_view error,
                 std::span<const CacheLookup> cache, TimePoint t);

  // An error that the server sent before it was asked, as one that refuses a connection does, is the answer
  // to the first command. False when there was a command, or such an error, before.
  bool MayGreet() const { return !started_ && !greeting_; }
  void Greet(std::string_view error, uint64_t bytes);
  bool greeted() const { return greeting_ != nullptr; }
  void EndWithGreeting(TimePoint t);

  // ---- closing

  // From now on no command will be answered; this becomes of those that are waiting and those to come.
  void Close(Outcome outcome, TimePoint t);
  bool closed() const { return after_close_.has_value(); }
  void EndAfterClose(TimePoint t) { EndAll(*after_close_, t); }
  void EndAll(Outcome outcome, TimePoint t);
  // Forgets all, and the memory too.
  void Clear();

 private:
  struct Greeting {
    std::string error;
    uint64_t bytes = 0;
  };

  Exchange& Describe(const Pending& command);
  void EndFront(std::string_view error, std::span<const CacheLookup> cache, TimePoint t, Outcome outcome);
  void ReleaseNext(TimePoint t);

  ExchangeSink& sink_;
  const Session& session_;
  Exchange exchange_;  // kept, since clearing all of a fresh one costs more than the rest of a small command
  PendingQueue queue_;
  uint32_t announced_ = 0;  // how many of them have Started
  bool started_ = false;    // there was a command
  bool receiving_ = false;
  bool answering_ = false;  // a byte of the front's reply came
  std::optional<Outcome> after_close_;
  uint64_t answer_bytes_ = 0;  // of the front's reply
  TimePoint first_byte_{};     // likewise
  TimePoint reply_end_{};      // of the reply before it
  std::unique_ptr<Greeting> greeting_;
};

// What follows is on the path of every command, and so not left to calls (docs/performance.md).

// The exchange of `command` as it is when it starts, until the next call.
inline Exchange& Exchanges::Describe(const Pending& command) {
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
  exchange.database = session_.database();
  exchange.error = {};
  exchange.blocking = command.blocking;
  exchange.cache = {};
  return exchange;
}

inline Pending& Exchanges::Start(const Command& command, const Arrival& arrival, bool announced) {
  Pending& pending = queue_.Push();
  started_ = true;
  receiving_ = true;
  pending.command = &command;
  pending.readable = arrival.readable;
  pending.blocking = command.kind == Kind::kBlocking;
  pending.pipelined = arrival.behind;
  pending.waiting = arrival.behind && queue_.size() > 1;
  // The reply before it may have ended while this command was coming in.
  pending.start = arrival.behind ? reply_end_ : arrival.readable;
  pending.announced = announced;
  if (announced) {
    Exchange& exchange = Describe(pending);
    if (pending.waiting) exchange.start = arrival.readable;
    ++announced_;
    sink_.Started(exchange);
  }
  return pending;
}

// The front's turn has come: its clock starts.
inline void Exchanges::ReleaseNext(TimePoint t) {
  if (queue_.empty() || !queue_.front().waiting) return;
  queue_.front().waiting = false;
  queue_.front().start = t;
}

inline void Exchanges::EndFront(std::string_view error, std::span<const CacheLookup> cache, TimePoint t,
                                Outcome outcome) {
  // A command that still waits has no start of its own: the reply before it never ended.
  if (queue_.front().waiting) ReleaseNext(t);
  const Pending& command = queue_.front();
  const bool answered = outcome == Outcome::kAnswered;
  Exchange& exchange = Describe(command);
  exchange.outcome = outcome;
  exchange.request_bytes = command.request_bytes;
  exchange.end = t;
  if (answering_) {
    exchange.first_byte = first_byte_;
    exchange.has_first_byte = true;
    exchange.response_bytes = answer_bytes_;
  }
  exchange.error = error;
  exchange.cache = cache;
  // Within MULTI nothing has happened yet, unless it was refused.
  if (!command.announced && answered) sink_.Started(exchange);
  if (command.announced || answered) sink_.Ended(exchange);
  if (command.announced) --announced_;

  answering_ = false;
  answer_bytes_ = 0;
  reply_end_ = t;
  queue_.Pop();
  if (queue_.empty()) receiving_ = false;
  ReleaseNext(t);
}

}  // namespace sidelight::redis
