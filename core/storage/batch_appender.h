// BatchAppender: the store's Appender. It checks each sample as it comes, keeps the batch to itself and
// appends it at Commit(), where what another appender has meanwhile made impossible is refused and counted.
#pragma once

#include <vector>

#include "core/storage/appender.h"
#include "core/storage/store_state.h"

namespace sidelight::storage {

class BatchAppender final : public Appender {
 public:
  explicit BatchAppender(StoreState* store) : store_(*store) {}
  ~BatchAppender() override { Rollback(); }

  Result<SeriesRef> Append(SeriesRef ref, const Labels& labels, UnixMillis time, double value,
                           UnixMillis start) override;
  Result<SeriesRef> AppendHistogram(SeriesRef ref, const Labels& labels, UnixMillis time,
                                    FloatHistogramPtr histogram, UnixMillis start) override;
  Status AppendExemplar(SeriesRef ref, const Exemplar& exemplar) override;
  Status Commit() override;
  void Rollback() override;

 private:
  struct Sample {
    MemorySeries* series;
    UnixMillis time;
    UnixMillis start;
    double value;
    FloatHistogramPtr histogram;  // null: a float
  };
  struct PendingExemplar {
    MemorySeries* series;
    Exemplar exemplar;
  };
  // The newest that a series has, committed or in this batch.
  struct Last {
    MemorySeries::Kind kind;
    UnixMillis time;
    double value;
    const FloatHistogram* histogram;
  };
  enum class Verdict : uint8_t { kTake, kRepetition, kOutOfOrder, kDuplicate };

  static Last Committed(const MemorySeries& series);
  Last Newest(const MemorySeries& series) const;
  static Verdict Judge(const Last& last, UnixMillis time, double value, const FloatHistogram* histogram);
  Result<MemorySeries*> Resolve(SeriesRef ref, const Labels& labels);
  Result<SeriesRef> Take(MemorySeries* series, UnixMillis time, double value, FloatHistogramPtr histogram,
                         UnixMillis start);
  void Push(Sample sample);
  bool Begins(const Last& last, UnixMillis time, UnixMillis start) const;
  void Clear();

  StoreState& store_;
  std::vector<Sample> samples_;
  std::vector<PendingExemplar> exemplars_;
  // For followers, what was taken at a commit; between commits they only keep their storage.
  std::vector<AppendedSample> taken_;
  std::vector<AppendedExemplar> taken_exemplars_;
};

}  // namespace sidelight::storage
