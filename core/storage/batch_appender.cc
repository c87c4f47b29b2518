#include "core/storage/batch_appender.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <mutex>
#include <utility>

#include "core/model/stale.h"

namespace sidelight::storage {
namespace {

using Kind = MemorySeries::Kind;

bool IsStaleKind(Kind kind) {
  return kind == Kind::kStale || kind == Kind::kStaleHistogram;
}

// A histogram of the same layout in which nothing was observed yet.
FloatHistogramPtr ZeroLike(const FloatHistogram& histogram) {
  auto zero = std::make_shared<FloatHistogram>();
  zero->schema = histogram.schema;
  zero->zero_threshold = histogram.zero_threshold;
  zero->positive_spans = histogram.positive_spans;
  zero->positive.resize(histogram.positive.size());
  zero->negative_spans = histogram.negative_spans;
  zero->negative.resize(histogram.negative.size());
  zero->custom_values = histogram.custom_values;
  return zero;
}

}  // namespace

BatchAppender::Last BatchAppender::Committed(const MemorySeries& series) {
  return {series.last_kind(), series.last_time(), series.last_value(), series.last_histogram()};
}

BatchAppender::Last BatchAppender::Newest(const MemorySeries& series) const {
  if (series.pending.appender != this) return Committed(series);
  const Sample& sample = samples_[series.pending.at];
  Kind kind = Kind::kFloat;
  if (sample.histogram != nullptr) {
    kind = IsStale(sample.histogram->sum) ? Kind::kStaleHistogram : Kind::kHistogram;
  } else if (IsStale(sample.value)) {
    kind = Kind::kStale;
  }
  return {kind, sample.time, sample.value, sample.histogram.get()};
}

BatchAppender::Verdict BatchAppender::Judge(const Last& last, UnixMillis time, double value,
                                            const FloatHistogram* histogram) {
  if (last.kind == Kind::kNothing || time > last.time) return Verdict::kTake;
  if (time < last.time) return Verdict::kOutOfOrder;
  bool same = false;
  if (histogram == nullptr ? IsStale(value) : IsStale(histogram->sum)) {
    same = IsStaleKind(last.kind);
  } else if (histogram == nullptr) {
    same = last.kind == Kind::kFloat && std::bit_cast<uint64_t>(last.value) == std::bit_cast<uint64_t>(value);
  } else {
    same = last.kind == Kind::kHistogram && last.histogram->Equals(*histogram);
  }
  return same ? Verdict::kRepetition : Verdict::kDuplicate;
}

Result<MemorySeries*> BatchAppender::Resolve(SeriesRef ref, const Labels& labels) {
  if (labels.empty()) {
    store_.Refuse(Refusal::kInvalid);
    return Fail(ErrorCode::kInvalidArgument, "a series needs a label with a value");
  }
  MemorySeries* const series = store_.FindOrAdd(ref, labels);
  if (series != nullptr) return series;
  store_.Refuse(Refusal::kLimit);
  return Fail(ErrorCode::kLimit, "the store's memory budget is used up by series that are alive");
}

// A counter that is new, or that comes back after it had ended.
bool BatchAppender::Begins(const Last& last, UnixMillis time, UnixMillis start) const {
  if (!store_.options.first_zero || start == 0 || start >= time) return false;
  if (last.kind != Kind::kNothing && (!IsStaleKind(last.kind) || start <= last.time)) return false;
  const auto retention = std::chrono::duration_cast<std::chrono::milliseconds>(store_.options.retention);
  return retention.count() == 0 || time - start < retention.count();
}

void BatchAppender::Push(Sample sample) {
  MemorySeries::Pending& pending = sample.series->pending;
  pending.appender = this;
  pending.at = static_cast<uint32_t>(samples_.size());
  ++pending.samples;
  samples_.push_back(std::move(sample));
}

Result<SeriesRef> BatchAppender::Take(MemorySeries* series, UnixMillis time, double value,
                                      FloatHistogramPtr histogram, UnixMillis start) {
  const Last last = Newest(*series);
  switch (Judge(last, time, value, histogram.get())) {
    case Verdict::kTake:
      break;
    case Verdict::kRepetition:
      return series->ref();
    case Verdict::kOutOfOrder:
      store_.Refuse(Refusal::kOutOfOrder);
      return Fail(ErrorCode::kInvalidArgument, "out of order sample");
    case Verdict::kDuplicate:
      store_.Refuse(Refusal::kDuplicate);
      return Fail(ErrorCode::kInvalidArgument, "duplicate sample for timestamp");
  }
  const bool stale = histogram == nullptr ? IsStale(value) : IsStale(histogram->sum);
  if (!stale && Begins(last, time, start)) {
    Push({series, start, start, 0, histogram == nullptr ? nullptr : ZeroLike(*histogram)});
  }
  Push({series, time, start, value, std::move(histogram)});
  return series->ref();
}

Result<SeriesRef> BatchAppender::Append(SeriesRef ref, const Labels& labels, UnixMillis time, double value,
                                        UnixMillis start) {
  const std::lock_guard guard(store_.head.mutex);
  Result<MemorySeries*> series = Resolve(ref, labels);
  if (!series) return tl::unexpected(std::move(series.error()));
  return Take(*series, time, value, nullptr, start);
}

Result<SeriesRef> BatchAppender::AppendHistogram(SeriesRef ref, const Labels& labels, UnixMillis time,
                                                 FloatHistogramPtr histogram, UnixMillis start) {
  Status sound;
  if (!IsStale(histogram->sum)) {
    sound = histogram->Validate();
    if (histogram->positive.size() > kMaxHistogramBuckets ||
        histogram->negative.size() > kMaxHistogramBuckets) {
      sound = Fail(ErrorCode::kInvalidArgument, "the histogram has more than 65536 buckets on one side");
    }
  }
  const std::lock_guard guard(store_.head.mutex);
  if (!sound) {
    store_.Refuse(Refusal::kInvalid);
    return tl::unexpected(std::move(sound.error()));
  }
  Result<MemorySeries*> series = Resolve(ref, labels);
  if (!series) return tl::unexpected(std::move(series.error()));
  return Take(*series, time, 0, std::move(histogram), start);
}

Status BatchAppender::AppendExemplar(SeriesRef ref, const Exemplar& exemplar) {
  const std::lock_guard guard(store_.head.mutex);
  MemorySeries* const series = store_.head.Find(ref, Labels());
  if (series == nullptr) {
    return Fail(ErrorCode::kNotFound, "an exemplar needs a series: append a sample first");
  }
  // Counted like a sample, so that the series stays until the exemplar is in.
  ++series->pending.samples;
  exemplars_.push_back({series, exemplar});
  return {};
}

Status BatchAppender::Commit() {
  const std::lock_guard guard(store_.head.mutex);
  if (samples_.empty() && exemplars_.empty()) return {};
  Log* const log = store_.log.get();
  const bool followed = !store_.followers.empty();
  store_.head.BeginCommit();
  // Of series, which lie anywhere in memory, those that come next are asked for ahead.
  constexpr size_t kAhead = 6;
  for (size_t i = 0; i < samples_.size(); ++i) {
    if (i + kAhead < samples_.size()) {
      __builtin_prefetch(samples_[i + kAhead].series);
      __builtin_prefetch(reinterpret_cast<const char*>(samples_[i + kAhead].series) + 64);
      __builtin_prefetch(reinterpret_cast<const char*>(samples_[i + kAhead].series) + 128);
    }
    Sample& sample = samples_[i];
    MemorySeries& series = *sample.series;
    switch (Judge(Committed(series), sample.time, sample.value, sample.histogram.get())) {
      case Verdict::kTake:
        break;
      case Verdict::kRepetition:
        continue;
      case Verdict::kOutOfOrder:
        store_.Refuse(Refusal::kOutOfOrder);
        continue;
      case Verdict::kDuplicate:
        store_.Refuse(Refusal::kDuplicate);
        continue;
    }
    if (log != nullptr) {
      log->Add(series, sample.time, sample.value, sample.histogram, sample.start);
    }
    const bool is_float = sample.histogram == nullptr || IsStale(sample.histogram->sum);
    const double value = sample.histogram == nullptr ? sample.value : StaleNan();
    if (followed) {
      taken_.push_back({.series = series.ref(),
                        .labels = &series.labels(),
                        .time = sample.time,
                        .start = sample.start,
                        .value = is_float ? value : 0,
                        .histogram = is_float ? nullptr : sample.histogram});
    }
    if (is_float) {
      series.Append(sample.time, value, sample.start, store_.head.heap());
    } else {
      series.AppendHistogram(sample.time, std::move(sample.histogram), sample.start, store_.head.heap());
    }
    store_.newest = std::max(store_.newest, sample.time);
    ++store_.counts.appended;
  }
  store_.head.EndCommit();
  for (const PendingExemplar& pending : exemplars_) {
    const bool added =
        store_.exemplars.Add(pending.series->labels(), pending.exemplar, &pending.series->exemplar);
    if (!added) continue;
    if (log != nullptr) log->Add(*pending.series, pending.exemplar);
    if (followed) {
      taken_exemplars_.push_back({pending.series->ref(), &pending.series->labels(), &pending.exemplar});
    }
  }
  if (log != nullptr) log->Write();
  if (!taken_.empty() || !taken_exemplars_.empty()) {
    for (Follower* const follower : store_.followers) follower->OnAppended(taken_, taken_exemplars_);
    taken_.clear();
    taken_exemplars_.clear();
  }
  Clear();
  if (store_.options.memory != 0 && !store_.full && store_.head.bytes() > store_.options.memory) {
    store_.DropToBudget();
  }
  store_.head.Tidy();
  return {};
}

void BatchAppender::Clear() {
  for (const Sample& sample : samples_) {
    MemorySeries::Pending& pending = sample.series->pending;
    --pending.samples;
    if (pending.appender == this) pending.appender = nullptr;
  }
  for (const PendingExemplar& pending : exemplars_) --pending.series->pending.samples;
  samples_.clear();
  exemplars_.clear();
}

void BatchAppender::Rollback() {
  if (samples_.empty() && exemplars_.empty()) return;
  const std::lock_guard guard(store_.head.mutex);
  Clear();
}

}  // namespace sidelight::storage
