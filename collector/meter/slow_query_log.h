// SlowQueryLog: a line in the log for each slow query of one tap, without the values in it: of PostgreSQL the
// statement with its literals removed, of Redis and memcached the command and the keyspace. docs/metrics.md
// lists the fields.
//
// At most kLinesPerSecond; how many were left out is in the next line. A thread of its own writes, from the
// first line on, so that a log that nobody reads holds up no traffic: then lines are left out as well.
//
// Thread-safe.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "collector/protocols/exchange.h"
#include "core/base/clock.h"
#include "core/base/log.h"

namespace sidelight::meter {

class SlowQueryLog {
 public:
  static constexpr int kLinesPerSecond = 10;
  static constexpr size_t kMaxWaiting = 20;

  using Write = std::function<void(std::string_view message, std::span<const log::Field> fields)>;

  // Outlived by the clock. `write` is called on the log's own thread; by default it is a warning in our log.
  SlowQueryLog(const Clock& clock, std::string_view tap);
  SlowQueryLog(const Clock& clock, std::string_view tap, Write write);
  // Returns when all that waits has been written.
  ~SlowQueryLog();
  SlowQueryLog(const SlowQueryLog&) = delete;
  SlowQueryLog& operator=(const SlowQueryLog&) = delete;

  // `keyspaces`: what the exchange looked up, by name; "" for no field.
  void Add(const Exchange& exchange, Duration took, std::string_view keyspaces);

 private:
  using Line = std::vector<log::Field>;

  Line Describe(const Exchange& exchange, Duration took, std::string_view keyspaces) const;
  void Run();

  const Clock& clock_;
  const std::string tap_;
  const Write write_;
  std::mutex mutex_;  // of all that follows
  std::condition_variable changed_;
  std::deque<Line> waiting_;
  TimePoint second_{};  // when the second that lines_ is of began
  int lines_ = 0;
  uint64_t left_out_ = 0;  // since the last line
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace sidelight::meter
