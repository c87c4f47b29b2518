// The instruments: one cell each, written by the thread that owns its shard and read by any collecting
// thread.
//
// All writes are plain loads and stores of relaxed atomics (one writer: no read-modify-write, no lock). A
// histogram's parts change together: a reader sees all of one Observe or none of it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

#include "core/base/clock.h"
#include "core/model/exemplar.h"
#include "core/model/histogram.h"

namespace sidelight::metrics {

struct HistogramOptions {
  BucketBounds bounds = nullptr;      // classic; null for none
  int32_t native_schema = 3;          // to start with; kNoNativeSchema for none. 3: buckets grow by 9 %
  uint32_t native_max_buckets = 160;  // when their range is wider the schema goes down, at most to -4
  double zero_threshold = 0x1p-128;   // up to this magnitude: the zero bucket
};

class Registry;
class Shard;
class HistogramShape;    // what the histograms of a family share: core/metrics/histogram_shape.h
struct HistogramTotals;  // a histogram as plain numbers: core/metrics/histogram_totals.h
struct Series;

// What every instrument is to the registry: one shard's part of a series. Guarded by the registry's lock.
class Cell {
 protected:
  Cell(Series* series, const Shard* shard, Cell* next) : series_(series), shard_(shard), next_(next) {}

 private:
  friend class Registry;
  friend class Shard;
  friend struct Series;
  Series* series_;
  const Shard* shard_;
  Cell* next_;  // of the same series, in another shard
  uint32_t holds_ = 1;
};

class Counter : public Cell {
 public:
  void Add(double v) {  // v >= 0
    value_.store(value_.load(std::memory_order_relaxed) + v, std::memory_order_relaxed);
  }

 private:
  friend class Registry;
  friend class Shard;
  template <class T>
  friend class Slab;
  using Cell::Cell;
  std::atomic<double> value_{0};
};

class Gauge : public Cell {
 public:
  void Set(double v) { value_.store(v, std::memory_order_relaxed); }
  void Add(double v) {  // v of any sign; shards add up
    value_.store(value_.load(std::memory_order_relaxed) + v, std::memory_order_relaxed);
  }

 private:
  friend class Registry;
  friend class Shard;
  template <class T>
  friend class Slab;
  using Cell::Cell;
  std::atomic<double> value_{0};
};

// Zeroed words on cache lines of their own, so that no two shards ever write to one line.
struct AlignedDelete {
  void operator()(void* p) const { ::operator delete (p, std::align_val_t{64}); }
};
using AtomicWords = std::unique_ptr<std::atomic<uint64_t>[], AlignedDelete>;

class alignas(64) Histogram : public Cell {
 public:
  // Counts `v` in the classic bucket, the native bucket, the count and the sum at once. NaN is counted as the
  // specification says (sum becomes NaN, no native bucket; in the classic form it is +Inf's); +-Inf go to the
  // native buckets beyond the largest finite value. An exemplar replaces the last one of its classic bucket.
  void Observe(double v);
  void Observe(double v, const TraceId& trace, UnixMillis now);

 private:
  friend class Registry;
  friend class Shard;
  template <class T>
  friend class Slab;

  // The buckets first .. first+length-1 of one sign. The owner alone replaces it, holding the registry's
  // lock.
  struct Window {
    AtomicWords counts;
    int32_t first = 0;
    uint32_t length = 0;
  };

  Histogram(Series* series, const Shard* shard, Cell* next, const HistogramShape& shape);

  void Record(double v, size_t bucket, std::atomic<uint64_t>& native);
  std::atomic<uint64_t>& NativeBucket(double v);
  std::atomic<uint64_t>& RareNativeBucket(double v);
  std::atomic<uint64_t>& MakeRoom(Window& window, int32_t index);
  void WaitForReader();

  // By a collecting thread that holds the registry's lock: all of the cell as of one moment. `out` keeps its
  // storage.
  void Read(HistogramTotals& out) const;
  bool TryRead(HistogramTotals& out) const;

  // The first cache line is what every Observe needs, the second what most do.
  std::atomic<uint64_t> sequence_{0};  // odd while an Observe is half done
  std::atomic<double> sum_{0};
  const HistogramShape* shape_;
  int32_t shift_;                                  // 8 - schema
  mutable std::atomic<bool> reader_waits_{false};  // the owner observes faster than anybody can read

  AtomicWords classic_;  // one per bound, and +Inf's
  Window positive_;
  std::atomic<uint64_t> zero_{0};
  std::atomic<uint64_t> unbucketed_{0};  // NaN, or everything where there is no native form
  Window negative_;
  std::atomic<uint64_t> infinite_[2] = {0, 0};  // positive, negative
  AtomicWords exemplars_;                       // kExemplarWords for each slot; null until the first
  uint32_t next_exemplar_ = 0;                  // the slot to use, where no classic bucket tells
};

}  // namespace sidelight::metrics
