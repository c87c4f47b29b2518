// Engine: evaluates syntax trees over a Queryable. Last of the stages.
//
// Thread-safe: queries run on the threads of their callers, each on one, at most max_concurrent at once (the
// others wait for their turn within their own timeout).
//
// Errors of a query carry Prometheus' texts: kInvalidArgument for what the expression asks for, kTimeout with
// "query timed out in expression evaluation" or "query was canceled in ...", kLimit with "query processing
// would load too many samples into memory in query execution".
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/storage/queryable.h"
#include "rules/promql/ast.h"
#include "rules/promql/value.h"

namespace sidelight::promql {

struct EngineOptions {
  Duration lookback = std::chrono::minutes(5);
  Duration default_subquery_step = std::chrono::minutes(1);
  Duration timeout = std::chrono::seconds(30);
  uint64_t max_samples = 50'000'000;  // held at one moment by one query
  size_t max_concurrent = 20;
  // Experimental in Prometheus, and on in its tests: __name__ is dropped at the end of a query and not by
  // each function, and start timestamps take part in rate, increase, irate and resets.
  bool delayed_name_removal = false;
  bool start_timestamps = false;
};

// Whoever holds it may end the queries that were given it.
class Cancellation {
 public:
  void Cancel() { cancelled_.store(true, std::memory_order_relaxed); }
  bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }

 private:
  std::atomic<bool> cancelled_{false};
};

class Engine {
 public:
  // The clock is for timeouts. It outlives the engine.
  Engine(EngineOptions options, const Clock& clock);

  struct Settings {
    Duration lookback{};  // 0: the engine's
    Duration timeout{};   // 0: the engine's; never more than that
    const Cancellation* cancellation = nullptr;
  };
  // A scalar, string, vector, or for a range vector a matrix.
  Result<QueryResult> Instant(const storage::Queryable& data, const Expr& expr, UnixMillis time,
                              const Settings& settings) const;
  // A matrix: the value at start, start + step, ... up to end. step > 0 (milliseconds), end not before start,
  // the expression a scalar or an instant vector.
  Result<QueryResult> Range(const storage::Queryable& data, const Expr& expr, UnixMillis start,
                            UnixMillis end, int64_t step, const Settings& settings) const;

  const EngineOptions& options() const { return options_; }

  // One of the places of what runs at once, for as long as it lives; for others, too, whose work is like a
  // query's.
  class Turn {
   public:
    // Waits for one until the deadline, or until it is cancelled; `cancellation` may be null.
    Turn(const Engine& engine, TimePoint deadline, const Cancellation* cancellation);
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

    // kTimeout when it has none: "query timed out in query queue" or "query was canceled in query queue".
    const Status& taken() const { return taken_; }

   private:
    const Engine& engine_;
    Status taken_;
  };

 private:
  struct Span {
    UnixMillis start;
    UnixMillis end;
    int64_t step;  // 0: an instant query
  };
  Result<QueryResult> Run(const storage::Queryable& data, const Expr& expr, const Span& span,
                          const Settings& settings) const;

  const EngineOptions options_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  mutable std::condition_variable freed_;
  mutable size_t running_ = 0;
};

}  // namespace sidelight::promql
