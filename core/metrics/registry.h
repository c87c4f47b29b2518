// The live metrics: what is being counted right now, and how it becomes a Snapshot.
//
//   Registry registry(SystemClock(), {.series_limit = 10000});
//   Family* family = registry.AddFamily({.name = "http_requests_total", .help = "...", .type = kCounter});
//   Shard* shard = registry.AddShard();                     // one for each thread that measures
//   Counter* counter = shard->GetCounter(family, labels);   // slow: once per series; nullptr over the limit
//   counter->Add(1);                                        // fast: on the owning thread, no lock
//   auto snapshot = registry.Collect();                     // any thread
//
// A series is a family with one set of labels. Each shard that measures it has a cell of its own with a
// single writer; Collect() adds the cells up. A shard releases a cell that has been idle for too long (its
// owner decides when); what it had counted stays part of the series as long as another shard holds a cell.
// With its last cell a series ends: the next Sample() shows it once, marked stale, and when it comes back it
// starts at zero with a new start timestamp. A thread that dies leaves its cells behind: they count on as
// they are.
//
// A registry may have a doorman, Options::admit, who says under which labels a new series comes in, or that
// it does not: then it is no series, costs none, and is in no overflow. What measures it gets an instrument
// all the same, which nobody reads.
//
// Threads: the Registry's functions may be called from any thread. A Shard, and the instruments it hands out,
// belong to one thread. Registry outlives its shards' use; shards live in the registry.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/metrics/instruments.h"
#include "core/model/labels.h"
#include "core/model/snapshot.h"

namespace sidelight::metrics {

struct FamilyOptions {
  std::string name = {};  // Prometheus' name, as in MetricFamily
  std::string help = {};
  std::string unit = {};
  MetricType type = MetricType::kCounter;  // kCounter, kGauge or kHistogram
  HistogramOptions histogram = {};         // of a kHistogram
  std::string otel_name = {};              // as in MetricFamily: "" where OpenTelemetry has none
  std::string otel_unit = {};
};

class Family;  // a registered family; owned by the Registry, valid as long as it
class Shard;

// Whether a series counts against the limit. kExempt is for the few that must always exist: the overflow
// series itself, and a tap's own counters.
enum class Budget { kCharged, kExempt };

// Somebody else's metrics that join every snapshot (core/metrics/self.h). Called on the collecting thread.
class Source {
 public:
  virtual ~Source() = default;
  virtual std::vector<MetricFamily> Collect() const = 0;
};

class Registry {
 public:
  struct Options {
    size_t series_limit = 10000;  // charged series; a histogram counts once
    // Of a family's name and a series' labels, those that it gets; nothing when it is dropped. Series that
    // get the same are one, and add up. Asked by each Get...(), on its thread, without a lock. Null: all as
    // they are.
    std::function<std::optional<Labels>(std::string_view family, const Labels& labels)> admit = nullptr;
  };

  Registry(const Clock& clock, Options options);
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // The family of that name; registered when it is new. Registering again with another type, unit or buckets
  // is a bug of the caller and asserted.
  Family* AddFamily(FamilyOptions options);
  Shard* AddShard();
  void AddSource(std::shared_ptr<const Source> source);

  // Everything, now. Families and series come sorted; a family without series is left out. Of a name that a
  // Source brings again the series join, unless its type is another: then the registry's own, or the first
  // Source's, stays.
  std::shared_ptr<const Snapshot> Collect() const;
  // The same for the sampling loop: series that ended since the last Sample() are in it, marked stale.
  std::shared_ptr<const Snapshot> Sample();

  size_t series() const;   // charged series that are live
  size_t refused() const;  // Get...() calls that found the limit reached, since the start
  size_t dropped() const;  // those whose series was not admitted

 private:
  friend class Shard;
  struct State;

  std::shared_ptr<const Snapshot> Gather(bool sample) const;
  void Refresh(Family& family, UnixMillis now, bool sample, std::vector<Labels>& stale) const;
  void Walk(Family& family, std::vector<Metric>& out) const;

  std::unique_ptr<State> state_;
};

// The instruments of one thread. Made by Registry::AddShard() and owned by the Registry.
class Shard {
 public:
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  // The instrument of that series in this shard, made when it is new; calling again gives the same one, held
  // once more. nullptr when the series is new to the registry and the limit is reached, or when a hundred
  // thousand instruments of dropped series are held; never with kExempt. Takes a lock: keep the pointer.
  Counter* GetCounter(Family* family, const Labels& labels, Budget budget = Budget::kCharged);
  Gauge* GetGauge(Family* family, const Labels& labels, Budget budget = Budget::kCharged);
  Histogram* GetHistogram(Family* family, const Labels& labels, Budget budget = Budget::kCharged);

  // Gives one hold back; with the last one the pointer is dead.
  void Release(Counter* counter);
  void Release(Gauge* gauge);
  void Release(Histogram* histogram);

 private:
  friend class Registry;
  struct Cells;

  explicit Shard(Registry* registry);
  template <class Instrument, class Make>
  Instrument* Get(Family* family, const Labels& labels, Budget budget, const Make& make);
  template <class Instrument, class Make>
  Instrument* GetAdmitted(Family* family, const Labels& labels, Budget budget, const Make& make);
  template <class Instrument, class Make>
  Instrument* GetUnread(Family* family, Budget budget, const Make& make);
  template <class Instrument, class Retire, class Drop>
  void Give(Instrument* instrument, const Retire& retire, const Drop& drop);

  Registry* const registry_;
  std::unique_ptr<Cells> cells_;
};

}  // namespace sidelight::metrics
