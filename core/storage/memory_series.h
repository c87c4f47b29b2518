// MemorySeries: one series of the store: its labels and its chunks.
//
// One writer at a time (the store's lock), which appends and drops; any number of readers, which hold a Pin
// of the store's epochs from before they found the series until they have read it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "core/base/clock.h"
#include "core/model/float_histogram.h"
#include "core/model/labels.h"
#include "core/storage/appender.h"
#include "core/storage/chunk.h"
#include "core/storage/epochs.h"
#include "core/storage/float_encoding.h"
#include "core/storage/histogram_encoding.h"
#include "core/storage/queryable.h"

namespace sidelight::storage {

// What all series share: where chunks come from and go to, and how many there are. The writer's.
struct ChunkHeap {
  Epochs& epochs;
  uint64_t longest_span = UINT64_MAX;  // milliseconds between a chunk's first and last sample
  size_t chunks = 0;
  size_t bytes = 0;
  std::string scratch = {};

  Chunk* Make(ChunkTraits traits, UnixMillis first_time, size_t capacity);
  void Retire(Chunk* chunk);  // unlinked before
};

class MemorySeries {
 public:
  MemorySeries(Labels labels, SeriesRef ref) : labels_(std::move(labels)), ref_(ref) {}
  ~MemorySeries();  // frees what chunks it still has
  MemorySeries(const MemorySeries&) = delete;
  MemorySeries& operator=(const MemorySeries&) = delete;

  const Labels& labels() const { return labels_; }
  SeriesRef ref() const { return ref_; }

  // For readers: all that was published at this moment.
  struct View {
    const Chunk* newest = nullptr;  // null: no samples
    ChunkExtent extent;             // of the newest
    // The last sample. Good only when nothing was appended meanwhile (Head::Select finds out).
    bool last_is_float = false;
    UnixMillis last_time = 0;
    double last_value = 0;
    UnixMillis last_start = 0;
  };
  View Capture() const {
    const Chunk* const newest = newest_.load(std::memory_order_acquire);
    if (newest == nullptr) return {};
    return {newest,
            newest->Extent(),
            newest->traits.kind == ChunkKind::kFloats,
            newest->last_time.load(std::memory_order_acquire),
            last_value_.load(std::memory_order_acquire),
            last_start_.load(std::memory_order_acquire)};
  }
  // Whether one of its chunks reaches into [from, to].
  static bool Reaches(const View& view, UnixMillis from, UnixMillis to);
  static void Read(const View& view, UnixMillis from, UnixMillis to, Samples* out);
  // The newest sample of [from, to] alone.
  static void ReadNewest(const View& view, UnixMillis from, UnixMillis to, Samples* out);

  // For the writer, from here on.
  enum class Kind : uint8_t { kNothing, kFloat, kHistogram, kStale, kStaleHistogram };

  Kind last_kind() const { return last_kind_; }
  UnixMillis last_time() const { return last_time_; }
  double last_value() const { return last_value_.load(std::memory_order_relaxed); }  // of a kFloat
  const FloatHistogram* last_histogram() const;                                      // of a kHistogram
  bool ends_in_histogram() const {
    return last_kind_ == Kind::kHistogram || last_kind_ == Kind::kStaleHistogram;
  }

  // A sample newer than the last. A stale marker behind a histogram becomes one of histograms.
  void Append(UnixMillis time, double value, UnixMillis start, ChunkHeap& heap);
  void AppendHistogram(UnixMillis time, FloatHistogramPtr histogram, UnixMillis start, ChunkHeap& heap);

  const Chunk* oldest() const { return oldest_; }
  const Chunk* open() const { return open_; }
  // There must be one. Returns how many samples are gone.
  uint32_t DropOldest(ChunkHeap& heap);

  // What the store's other parts remember of a series; each field is theirs.
  struct Pending {
    const void* appender = nullptr;  // that has the newest sample not committed
    uint32_t at = 0;                 // its place there
    uint32_t samples = 0;            // not committed, in all appenders
  };
  struct LogState {
    uint64_t segment = 0;  // in which the rest is true; 0: none
    uint32_t number = 0;   // of the series
    bool started = false;  // it has had a whole number
    int64_t whole = 0;     // the last one
    int64_t whole_step = 0;
    UnixMillis start = 0;
  };
  Pending pending;
  LogState log;
  uint32_t exemplar = UINT32_MAX;     // the newest one's place in the ring
  std::atomic<bool> removed = false;  // readers that find it in the index pass it by

 private:
  void Begin(ChunkTraits traits, UnixMillis time, size_t capacity, ChunkHeap& heap);
  void Write(const uint8_t* bytes, size_t size, UnixMillis time, ChunkHeap& heap);
  void Replace(size_t capacity, ChunkHeap& heap);
  void Close(ChunkHeap& heap);
  void AppendStaleHistogram(UnixMillis time, UnixMillis start, ChunkHeap& heap);
  bool Full(UnixMillis time, const ChunkHeap& heap) const;

  const Labels labels_;
  const SeriesRef ref_;
  std::atomic<Chunk*> newest_ = nullptr;
  Chunk* open_ = nullptr;  // what newest_ is, or will be when its first sample is in it
  Chunk* oldest_ = nullptr;
  UnixMillis last_time_ = 0;
  std::atomic<double> last_value_ = 0;
  std::atomic<UnixMillis> last_start_ = 0;
  FloatEncoder floats_;
  std::unique_ptr<HistogramEncoder> histograms_;  // only of series that had one
  ChunkExtent extent_;                            // of open_
  uint16_t last_size_ = 0;                        // bytes of the chunk before
  Kind last_kind_ = Kind::kNothing;
};

}  // namespace sidelight::storage
