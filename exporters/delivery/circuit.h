// Circuit: when a destination may be spoken to. Backoff that grows with each failure, and a breaker: after
// several failures in a row only one request at a time goes out to see whether it is back.
//
// Sans-I/O, a plain value; the time comes in. Source: the OpenTelemetry Collector's exporterhelper (5 s,
// x 1.5, up to 30 s); jitter of a tenth keeps each wait at 0.8 of the one before or more, which remote
// write's compliance tests want.
#pragma once

#include <cstdint>
#include <optional>
#include <random>

#include "core/base/clock.h"

namespace sidelight::delivery {

class Circuit {
 public:
  struct Options {
    Duration initial = std::chrono::seconds(5);
    double factor = 1.5;
    Duration max = std::chrono::seconds(30);
    double jitter = 0.1;  // a wait is this part shorter or longer, at random
    uint32_t failures_to_open = 5;
    Duration max_retry_after = std::chrono::minutes(5);  // what a destination asks for counts up to this
    uint64_t seed = 0;                                   // of the jitter; 0: another one each time
  };
  enum class State : uint8_t {
    kClosed,    // all lanes may send, after a failure not before the backoff is over
    kOpen,      // nobody may until the backoff is over
    kHalfOpen,  // one request is under way, on trial
  };

  explicit Circuit(Options options);

  // Other options from now on, and as if nothing had failed; requests under way count no more.
  void Renew(Options options);

  struct Permit {
    uint64_t round = 0;  // failures of requests that were begun before the last one count once
    bool trial = false;
  };
  struct Answer {
    std::optional<Permit> permit;            // given: send, then tell one of the three below
    TimePoint ask_again = TimePoint::max();  // else; max(): when a request under way has ended
  };
  Answer Ask(TimePoint now);

  void Succeeded(Permit permit);  // it answered, be it that it refused the request
  void Failed(Permit permit, TimePoint now, std::optional<Duration> retry_after);
  void NotUsed(Permit permit);  // there was nothing to send

  State state() const;
  uint32_t failures() const { return failures_; }  // in a row

 private:
  Duration Backoff(std::optional<Duration> retry_after);

  Options options_;
  std::mt19937_64 random_;
  uint32_t failures_ = 0;
  uint64_t round_ = 0;
  TimePoint not_before_ = TimePoint::min();
  bool trial_ = false;
};

}  // namespace sidelight::delivery
