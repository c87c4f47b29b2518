// CheckingSink: what every observer must hold to, whatever it is fed. It aborts on the first breach, for the
// fuzzers, and so for the tests.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "collector/protocols/observer.h"

namespace sidelight {

inline void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "an observer broke its contract: %s\n", what);
  std::abort();
}

class CheckingSink : public ExchangeSink {
 public:
  void Started(const Exchange& exchange) override {
    Require(!opaque_, "Started after WentOpaque");
    Require(!exchange.operation.empty(), "an exchange without operation");
    ++started_;
  }

  void Ended(const Exchange& exchange) override {
    Require(!opaque_, "Ended after WentOpaque");
    Require(ended_ < started_, "an Ended without its Started");
    Require(exchange.start <= exchange.end, "an end before the start");
    Require(exchange.end <= now_, "an end in the future");
    Require(exchange.pipeline_wait >= Duration::zero(), "a negative wait");
    Require(exchange.pipelined || exchange.pipeline_wait == Duration::zero(), "a wait without pipelining");
    if (exchange.has_first_byte) {
      Require(exchange.start <= exchange.first_byte, "an answer before its request");
      Require(exchange.first_byte <= exchange.end, "a first byte after the end");
    }
    // Databases and caches have no status, and may be told to send no answer at all.
    if (exchange.outcome == Outcome::kAnswered && !exchange.protocol_version.empty()) {
      Require(exchange.has_first_byte && exchange.status >= 100 && exchange.status < 1000,
              "an answer without status");
    }
    if (exchange.outcome == Outcome::kUpstreamClosed)
      Require(!exchange.has_first_byte, "an answer that began");
    ++ended_;
  }

  void WentOpaque(OpaqueReason) override {
    Require(!opaque_, "WentOpaque twice");
    Require(started_ == ended_, "WentOpaque before every exchange ended");
    opaque_ = true;
  }

  // Between two calls of the observer.
  void Check(const Observer& observer) const {
    Require(observer.AwaitingResponse() == (started_ > ended_),
            "AwaitingResponse differs from Started and Ended");
    if (opaque_) {
      Require(observer.Skippable(Direction::kRequest) == Observer::kEverything &&
                  observer.Skippable(Direction::kResponse) == Observer::kEverything,
              "opaque, and wants to see bytes");
      Require(!observer.InRequestHead(), "opaque, and in a head");
    }
    if (observer.InRequestHead())
      Require(observer.Skippable(Direction::kRequest) == 0, "skippable within a head");
  }
  void CheckAllEnded() const { Require(started_ == ended_, "an exchange that never ended"); }

  // The time of the call that comes next.
  void SetNow(TimePoint now) { now_ = now; }

 private:
  TimePoint now_{};
  uint64_t started_ = 0;
  uint64_t ended_ = 0;
  bool opaque_ = false;
};

}  // namespace sidelight
