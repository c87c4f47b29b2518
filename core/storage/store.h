// Store: the recent past of every series, in memory, and where a path is given also in an append-only log.
//
//   auto store = Store::Open({.retention = std::chrono::hours(2), .memory = 64 << 20});
//   (*store)->MakeAppender(), Select(), Maintain() ... Close()
//
// In order: a series takes samples that are newer than its last. Samples are compressed as they come and are
// read where they lie (docs/storage.md has the formats). Data older than the retention is dropped; when the
// memory budget is reached the oldest goes first, and when only the newest is left no series is added.
//
// Nothing that happens to the path ends or refuses anything: without a usable disk the store goes on in
// memory, says so in one log line for each change, counts it and tries again.
//
// Threads: everything may be called from any thread; an Appender belongs to one at a time. Appenders take
// turns for the moment of a call; readers (Queryable) never make one wait, nor do they hold a lock while a
// Selection lives. Appenders and Selections must be gone before the Store is.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/storage/appender.h"
#include "core/storage/follower.h"
#include "core/storage/queryable.h"

namespace sidelight::storage {

class Files;
struct StoreState;

struct StoreOptions {
  Duration retention{0};              // 0: unlimited
  size_t memory = 0;                  // bytes; 0: unlimited
  std::string path = {};              // folder of the log; empty: memory only
  bool first_zero = true;             // a counter that begins enters with a zero at its start timestamp
  size_t exemplars = 4096;            // newest ones that are kept, of all series together
  const Clock* clock = nullptr;       // null: the machine's; outlives the store
  std::shared_ptr<Files> files = {};  // null: the machine's
};

// Why a sample was not taken.
enum class Refusal : uint8_t { kOutOfOrder, kDuplicate, kInvalid, kLimit };
inline constexpr size_t kRefusals = 4;
std::string_view RefusalWord(Refusal refusal);  // "out_of_order", "duplicate", "invalid", "limit"

enum class LogState : uint8_t {
  kOff,      // there is no path
  kWriting,  // all that is committed is also in the log
  kFailing,  // the disk refuses: what is committed is in memory only; tried again from time to time
};
std::string_view LogStateWord(LogState state);  // "off", "writing", "failing"

struct StoreStats {
  size_t series = 0;
  size_t chunks = 0;
  size_t bytes = 0;        // of memory, as the budget counts them
  size_t chunk_bytes = 0;  // of these, what samples take
  size_t exemplars = 0;
  UnixMillis newest = INT64_MIN;  // time of the newest sample that was ever appended; INT64_MIN: none
  uint64_t appended = 0;          // samples that were committed, and those that came back from the log
  std::array<uint64_t, kRefusals> refused{};  // by Refusal
  uint64_t dropped_by_retention = 0;          // samples
  uint64_t dropped_by_budget = 0;             // samples
  uint64_t clock_steps = 0;                   // times that the clock stepped back

  LogState log_state = LogState::kOff;
  size_t log_segments = 0;
  uint64_t log_bytes = 0;      // on disk
  uint64_t log_errors = 0;     // writes that failed
  uint64_t log_lost = 0;       // samples that were committed while the log was failing
  uint64_t log_set_aside = 0;  // files that were corrupt or newer, and were renamed
  uint64_t log_torn = 0;       // files whose torn end was cut
  uint64_t replayed = 0;       // samples that came back from the log
  Duration replay_time{0};
};

class Store final : public Queryable {
 public:
  // Reads the log back. kInvalidArgument when an option makes no sense; never for what is on the disk.
  static Result<std::unique_ptr<Store>> Open(StoreOptions options);
  ~Store() override;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  std::unique_ptr<Appender> MakeAppender();

  std::unique_ptr<Selection> Select(std::span<const Matcher> matchers, UnixMillis from,
                                    UnixMillis to) const override;
  std::vector<std::string> LabelNames(std::span<const Matcher> matchers, UnixMillis from,
                                      UnixMillis to) const override;
  std::vector<std::string> LabelValues(std::string_view name, std::span<const Matcher> matchers,
                                       UnixMillis from, UnixMillis to) const override;

  // Of series that match all the matchers of one of the selectors (all series when there are none), sorted by
  // labels; each series' exemplars of [from, to] by time.
  struct SeriesExemplars {
    Labels labels;
    std::vector<Exemplar> exemplars;
  };
  std::vector<SeriesExemplars> Exemplars(std::span<const std::vector<Matcher>> selectors, UnixMillis from,
                                         UnixMillis to) const;

  // From now on it sees what is appended, until Unfollow() has returned. It outlives that.
  void Follow(Follower* follower);
  void Unfollow(Follower* follower);

  // The store's own time: the clock's, but it never steps back. While the clock is behind where it was, this
  // goes on at the pace of the monotonic clock.
  UnixMillis Now();
  // Where a moment of the machine's clock that has just passed, a snapshot's, stands in that time.
  UnixMillis Place(UnixMillis wall);
  // Drops what is older than the retention, reckoned from `now`, or beyond the budget; frees, cuts the log
  // and tries again what failed. For the sampling loop, after each interval.
  void Maintain(UnixMillis now);

  StoreStats Stats() const;
  // Time of the oldest sample that is kept; INT64_MAX: none. Looks at every series.
  UnixMillis Oldest() const;

  // Brings the log to the disk for good. Nothing may be appended from then on.
  void Close();

 private:
  explicit Store(std::unique_ptr<StoreState> state);

  const std::unique_ptr<StoreState> state_;
};

}  // namespace sidelight::storage
