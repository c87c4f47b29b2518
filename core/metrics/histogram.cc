// The cell of a histogram: recording, growing and reading. The parts of one Observe are held together by a
// sequence (a seqlock without fences): the owner makes it odd, writes, and makes it even again. Each part is
// stored with release and loaded with acquire, so a reader that saw any part of an Observe also sees its odd
// number, or a later one, when it looks at the sequence again, and knows that it must repeat.
#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <cstring>
#include <limits>
#include <mutex>
#include <optional>
#include <thread>

#include "core/metrics/histogram_shape.h"
#include "core/metrics/histogram_totals.h"
#include "core/metrics/instruments.h"
#include "core/metrics/native_index.h"

namespace sidelight::metrics {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr auto kAcquire = std::memory_order_acquire;
constexpr auto kRelease = std::memory_order_release;

constexpr size_t kWordsPerLine = 8;
constexpr int kTriesBeforeAsking = 64;

size_t WholeLines(size_t words) {
  return (words + kWordsPerLine - 1) / kWordsPerLine * kWordsPerLine;
}

AtomicWords MakeWords(size_t count) {
  const size_t words = WholeLines(count);
  void* const storage = ::operator new (words * sizeof(std::atomic<uint64_t>), std::align_val_t{64});
  auto* const first = static_cast<std::atomic<uint64_t>*>(storage);
  for (size_t i = 0; i < words; ++i) new (first + i) std::atomic<uint64_t>(0);
  return AtomicWords(first);
}

void Increment(std::atomic<uint64_t>& word) {
  word.store(word.load(kRelaxed) + 1, kRelease);
}

}  // namespace

Histogram::Histogram(Series* series, const Shard* shard, Cell* next, const HistogramShape& shape)
    : Cell(series, shard, next),
      shape_(&shape),
      shift_(shape.has_native() ? kFinestSchema - shape.options().native_schema : 0),
      classic_(MakeWords(shape.classic_size())) {}

void Histogram::Observe(double v) {
  if (reader_waits_.load(kRelaxed)) [[unlikely]]
    WaitForReader();
  const size_t bucket = shape_->ClassicBucket(v);
  std::atomic<uint64_t>& native = NativeBucket(v);
  const uint64_t sequence = sequence_.load(kRelaxed);
  sequence_.store(sequence + 1, kRelaxed);
  Record(v, bucket, native);
  sequence_.store(sequence + 2, kRelease);
}

void Histogram::Observe(double v, const TraceId& trace, UnixMillis now) {
  uint64_t words[kExemplarWords];
  std::memcpy(&words[0], trace.trace.data(), 16);
  std::memcpy(&words[2], trace.span.data(), 8);
  words[3] = std::bit_cast<uint64_t>(v);
  words[4] = static_cast<uint64_t>(now);
  const bool valid = (words[0] | words[1]) != 0 && words[2] != 0;
  if (!valid || std::isnan(v)) return Observe(v);
  if (reader_waits_.load(kRelaxed)) [[unlikely]]
    WaitForReader();
  const size_t bucket = shape_->ClassicBucket(v);
  std::atomic<uint64_t>& native = NativeBucket(v);
  if (exemplars_ == nullptr) [[unlikely]] {
    AtomicWords slots = MakeWords(shape_->exemplar_slots() * kExemplarWords);
    const std::lock_guard guard(shape_->lock());
    exemplars_ = std::move(slots);
  }
  size_t slot = bucket;
  if (shape_->exemplars_rotate()) {
    slot = next_exemplar_;
    next_exemplar_ = static_cast<uint32_t>((slot + 1) % shape_->exemplar_slots());
  }
  const uint64_t sequence = sequence_.load(kRelaxed);
  sequence_.store(sequence + 1, kRelaxed);
  Record(v, bucket, native);
  for (size_t i = 0; i < kExemplarWords; ++i) exemplars_[slot * kExemplarWords + i].store(words[i], kRelease);
  sequence_.store(sequence + 2, kRelease);
}

inline void Histogram::Record(double v, size_t bucket, std::atomic<uint64_t>& native) {
  Increment(classic_[bucket]);
  Increment(native);
  sum_.store(sum_.load(kRelaxed) + v, kRelease);
}

inline std::atomic<uint64_t>& Histogram::NativeBucket(double v) {
  if (v > shape_->common_above() && v <= std::numeric_limits<double>::max()) [[likely]] {
    const int32_t index = CoarserIndex(shape_->native_index().Finest(v), shift_);
    const uint32_t at = static_cast<uint32_t>(index) - static_cast<uint32_t>(positive_.first);
    if (at < positive_.length) [[likely]]
      return positive_.counts[at];
  }
  return RareNativeBucket(v);
}

std::atomic<uint64_t>& Histogram::RareNativeBucket(double v) {
  if (!shape_->has_native() || std::isnan(v)) return unbucketed_;
  const double magnitude = std::fabs(v);
  if (magnitude <= shape_->options().zero_threshold) return zero_;
  if (std::isinf(v)) return infinite_[v < 0 ? 1 : 0];
  Window& window = v < 0 ? negative_ : positive_;
  const int32_t index = NativeIndex(magnitude, kFinestSchema - shift_);
  const uint32_t at = static_cast<uint32_t>(index) - static_cast<uint32_t>(window.first);
  return at < window.length ? window.counts[at] : MakeRoom(window, index);
}

// Widens the window of that sign so that it holds `index`, at a lower schema when there would be too many
// buckets.
std::atomic<uint64_t>& Histogram::MakeRoom(Window& window, int32_t index) {
  const auto populated = [](const Window& w) {
    DenseBuckets dense{w.first, std::vector<uint64_t>(w.length)};
    for (uint32_t i = 0; i < w.length; ++i) dense.counts[i] = w.counts[i].load(kRelaxed);
    return dense;
  };
  DenseBuckets mine = populated(window);
  Window& other_window = &window == &positive_ ? negative_ : positive_;
  DenseBuckets other = populated(other_window);

  IndexRange range = mine.Populated().value_or(IndexRange{index, index});
  range.Include(index);
  const uint32_t max_buckets = shape_->options().native_max_buckets;
  const int32_t steps = StepsToFit(range, other.Populated(), kFinestSchema - shift_, max_buckets);
  mine.Downscale(steps);
  other.Downscale(steps);
  range = range.Coarser(steps);
  index = CoarserIndex(index, steps);

  // Room to spare on the side towards which it grows, so that a spreading distribution seldom comes here.
  const auto needed = static_cast<size_t>(range.size());
  const size_t doubled = std::min<size_t>(2 * size_t{window.length}, max_buckets);
  const size_t length = WholeLines(std::max(needed, doubled));
  const auto spare = static_cast<int32_t>(length - needed);
  int32_t first = range.low - spare / 2;
  if (window.length != 0 && steps == 0) first = index < window.first ? range.low - spare : range.low;

  const auto rebuilt = [](const DenseBuckets& from, int32_t to_first, size_t to_length) {
    Window made{MakeWords(to_length), to_first, static_cast<uint32_t>(to_length)};
    for (size_t i = 0; i < from.counts.size(); ++i) {
      if (from.counts[i] == 0) continue;
      made.counts[static_cast<size_t>(from.first + static_cast<int32_t>(i) - to_first)].store(from.counts[i],
                                                                                              kRelaxed);
    }
    return made;
  };
  Window grown = rebuilt(mine, first, length);
  Window regrown;
  if (steps != 0 && !other.counts.empty()) {
    regrown = rebuilt(other, other.first, WholeLines(other.counts.size()));
  }
  {
    const std::lock_guard guard(shape_->lock());
    window = std::move(grown);
    if (steps != 0) other_window = std::move(regrown);
    shift_ += steps;
  }
  return window.counts[static_cast<size_t>(index - first)];
}

void Histogram::WaitForReader() {
  // The reader holds the lock until it has read, and no Observe disturbs it meanwhile.
  const std::lock_guard guard(shape_->lock());
}

void Histogram::Read(HistogramTotals& out) const {
  int tries = 0;
  while (!TryRead(out)) {
    if (++tries < kTriesBeforeAsking) continue;
    reader_waits_.store(true, kRelaxed);
    // The owner may have been put aside in the middle of an Observe.
    std::this_thread::yield();
  }
  if (tries >= kTriesBeforeAsking) reader_waits_.store(false, kRelaxed);
}

bool Histogram::TryRead(HistogramTotals& out) const {
  const uint64_t sequence = sequence_.load(kAcquire);
  if (sequence % 2 != 0) return false;

  out.classic.resize(shape_->classic_size());
  for (size_t i = 0; i < out.classic.size(); ++i) out.classic[i] = classic_[i].load(kAcquire);
  out.sum = sum_.load(kAcquire);
  out.schema = shape_->has_native() ? kFinestSchema - shift_ : kNoNativeSchema;
  out.zero = zero_.load(kAcquire);
  out.unbucketed = unbucketed_.load(kAcquire);
  for (size_t sign = 0; sign < out.infinite.size(); ++sign)
    out.infinite[sign] = infinite_[sign].load(kAcquire);
  const auto read_window = [](const Window& window, DenseBuckets& dense) {
    dense.first = window.first;
    dense.counts.resize(window.length);
    for (uint32_t i = 0; i < window.length; ++i) dense.counts[i] = window.counts[i].load(kAcquire);
  };
  read_window(positive_, out.positive);
  read_window(negative_, out.negative);

  out.exemplars.clear();
  if (exemplars_ != nullptr) {
    out.exemplars.resize(shape_->exemplar_slots());
    for (size_t slot = 0; slot < out.exemplars.size(); ++slot) {
      uint64_t words[kExemplarWords];
      for (size_t i = 0; i < kExemplarWords; ++i)
        words[i] = exemplars_[slot * kExemplarWords + i].load(kAcquire);
      Exemplar& exemplar = out.exemplars[slot];
      std::memcpy(exemplar.id.trace.data(), &words[0], 16);
      std::memcpy(exemplar.id.span.data(), &words[2], 8);
      exemplar.value = std::bit_cast<double>(words[3]);
      exemplar.time = static_cast<UnixMillis>(words[4]);
    }
  }
  return sequence_.load(kRelaxed) == sequence;
}

}  // namespace sidelight::metrics
