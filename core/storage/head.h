// Head: all series of the store and the index over them.
//
// The writer holds `mutex` for whatever is marked as the writer's. Readers never take it: they pin the epoch,
// look at the newest index and the few series that came after it, and note how far each series reached. A
// commit is seen whole: it makes `commits_` odd as long as it lasts, and a reader that noted anything
// meanwhile notes it again; one that had to do so too often holds the next commit up.
#pragma once

#include <tsl/robin_set.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/model/labels.h"
#include "core/model/matcher.h"
#include "core/storage/appender.h"
#include "core/storage/epochs.h"
#include "core/storage/index.h"
#include "core/storage/memory_series.h"

namespace sidelight::storage {

class Head {
 public:
  Head();
  ~Head();
  Head(const Head&) = delete;
  Head& operator=(const Head&) = delete;

  std::mutex mutex;

  // The writer's. Null when there is none.
  MemorySeries* Find(SeriesRef ref, const Labels& labels) const;
  MemorySeries* Add(const Labels& labels);
  // Takes series without a sample away; readers that found them before may go on.
  void Remove(const std::vector<MemorySeries*>& gone);

  // Between these two, samples are appended.
  void BeginCommit();
  void EndCommit();

  // Brings the index up to date when that is worth it, and frees what nobody sees any more.
  void Tidy();

  ChunkHeap& heap() { return heap_; }
  const ChunkHeap& heap() const { return heap_; }
  const std::vector<MemorySeries*>& slots() const { return slots_; }  // with gaps: null
  size_t series() const { return by_labels_.size(); }
  size_t bytes() const { return heap_.bytes + series_bytes_ + view_bytes_; }
  // What one more series takes, its first chunk aside.
  static size_t SeriesBytes(const Labels& labels);

  // For readers: the series that match all of them, and how far they reach. The pin must live as long as the
  // result is used.
  struct Found {
    const MemorySeries* series;
    MemorySeries::View view;
  };
  Epochs::Pin Enter() { return epochs_.Enter(); }
  // Only those that may have a sample in [from, to].
  std::vector<Found> Select(std::span<const Matcher> matchers, UnixMillis from, UnixMillis to);
  // The names of labels that such series have, and the values of one; sorted, each once, in bytes of the
  // series. Series that a commit is bringing just now may be seen in part.
  std::vector<std::string_view> LabelNames(std::span<const Matcher> matchers, UnixMillis from,
                                           UnixMillis to) const;
  std::vector<std::string_view> LabelValues(std::string_view name, std::span<const Matcher> matchers,
                                            UnixMillis from, UnixMillis to) const;

 private:
  struct HashLabels {
    using is_transparent = void;
    size_t operator()(const MemorySeries* series) const { return series->labels().hash(); }
    size_t operator()(const Labels& labels) const { return labels.hash(); }
  };
  struct SameLabels {
    using is_transparent = void;
    bool operator()(const MemorySeries* a, const MemorySeries* b) const { return a == b; }
    bool operator()(const MemorySeries* a, const Labels& b) const { return a->labels() == b; }
    bool operator()(const Labels& a, const MemorySeries* b) const { return b->labels() == a; }
  };

  // What readers search: the index, and series that came after it was built.
  struct IndexView {
    IndexView(std::shared_ptr<const Index> built, uint32_t room)
        : index(std::move(built)), recent(new const MemorySeries*[room]), capacity(room) {}
    const std::shared_ptr<const Index> index;
    const std::unique_ptr<const MemorySeries*[]> recent;
    const uint32_t capacity;
    std::atomic<uint32_t> count = 0;
  };

  // Series that were found without what they have.
  struct Matching {
    const Index& index;
    Index::Bits indexed;
    std::vector<const MemorySeries*> recent;
  };

  Matching Match(std::span<const Matcher> matchers, UnixMillis from, UnixMillis to) const;
  void ShowRecent(const MemorySeries* series);
  void Rebuild();
  void Replace(std::unique_ptr<IndexView> view);
  static void FindIn(const IndexView& view, uint32_t recent, std::span<const Matcher> matchers,
                     std::vector<const MemorySeries*>* found);

  Epochs epochs_;
  ChunkHeap heap_{epochs_};
  std::vector<MemorySeries*> slots_;
  std::vector<uint32_t> free_slots_;
  uint32_t generation_ = 0;
  tsl::robin_set<MemorySeries*, HashLabels, SameLabels> by_labels_;
  std::vector<MemorySeries*> removed_;  // that the index still has
  size_t series_bytes_ = 0;
  size_t view_bytes_ = 0;

  std::atomic<IndexView*> view_;
  std::atomic<uint64_t> commits_{0};
  std::mutex committing_;  // held from the beginning of a commit to its end
};

}  // namespace sidelight::storage
