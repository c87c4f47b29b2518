#include "collector/meter/slow_query_log.h"

#include <fmt/format.h>

#include <utility>

#include "collector/meter/tap_families.h"

namespace sidelight::meter {
namespace {

constexpr Duration kSecond = std::chrono::seconds(1);

}  // namespace

SlowQueryLog::SlowQueryLog(const Clock& clock, std::string_view tap)
    : SlowQueryLog(clock, tap, [](std::string_view message, std::span<const log::Field> fields) {
        log::Warn(message, fields);
      }) {}

SlowQueryLog::SlowQueryLog(const Clock& clock, std::string_view tap, Write write)
    : clock_(clock), tap_(tap), write_(std::move(write)) {}

SlowQueryLog::~SlowQueryLog() {
  {
    const std::lock_guard guard(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void SlowQueryLog::Add(const Exchange& exchange, Duration took, std::string_view keyspaces) {
  {
    const std::lock_guard guard(mutex_);
    const TimePoint now = clock_.Now();
    if (now - second_ >= kSecond) {
      second_ = now;
      lines_ = 0;
    }
    if (lines_ >= kLinesPerSecond || waiting_.size() >= kMaxWaiting) {
      ++left_out_;
      return;
    }
    ++lines_;
    Line line = Describe(exchange, took, keyspaces);
    if (left_out_ > 0) line.push_back({"left_out", fmt::to_string(left_out_)});
    left_out_ = 0;
    waiting_.push_back(std::move(line));
    if (!thread_.joinable()) thread_ = std::thread(&SlowQueryLog::Run, this);
  }
  changed_.notify_one();
}

SlowQueryLog::Line SlowQueryLog::Describe(const Exchange& exchange, Duration took,
                                          std::string_view keyspaces) const {
  Line line;
  const auto add = [&line](std::string_view key, std::string_view value) {
    if (!value.empty()) line.push_back({key, std::string(value)});
  };
  add("tap", tap_);
  add("db.namespace", exchange.database);
  add("db.operation.name", exchange.operation);
  add("db.query.text", exchange.query.empty() ? exchange.summary : exchange.query);
  add("cache_keyspace", keyspaces);
  add("duration", fmt::format("{:.6g}", Seconds(took)));
  if (exchange.returned_rows >= 0) add("rows", fmt::to_string(exchange.returned_rows));
  add("error", exchange.outcome == Outcome::kAnswered ? exchange.error : ErrorWord(exchange.outcome));
  return line;
}

void SlowQueryLog::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    const Line line = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    write_("slow query", line);
    lock.lock();
  }
}

}  // namespace sidelight::meter
