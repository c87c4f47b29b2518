#include "core/storage/memory_series.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>
#include <utility>
#include <vector>

#include "core/model/stale.h"

namespace sidelight::storage {
namespace {

// A chunk of histograms is closed when it has both.
constexpr uint32_t kHistogramSamples = 8;
constexpr uint32_t kHistogramBytes = 2048;

constexpr size_t kFirstCapacity = 48;
// A closed chunk keeps unused room only below this share of it (1/8) and this many bytes.
constexpr uint32_t kSlackShare = 8;
constexpr uint32_t kSlackBytes = 16;

bool SameBits(double a, double b) {
  return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);
}

void DecodeChunk(const Chunk& chunk, ChunkExtent extent, UnixMillis from, UnixMillis to, Samples* out) {
  const bool sound = chunk.traits.kind == ChunkKind::kFloats
                         ? DecodeFloats(chunk.bytes(extent), extent.samples, chunk.traits.starts,
                                        chunk.first_time, from, to, out)
                         : DecodeHistograms(chunk.bytes(extent), extent.samples, chunk.traits,
                                            chunk.first_time, from, to, out);
  assert(sound);
  static_cast<void>(sound);
}

// Makes `to` as long as the samples whose starts it has, when it or `from`, the last of which is the newest
// sample's, has any.
void PushStart(const std::vector<UnixMillis>& from, size_t size, std::vector<UnixMillis>* to) {
  if (from.empty() && to->empty()) return;
  to->resize(size);
  if (!from.empty()) to->back() = from.back();
}

}  // namespace

Chunk* ChunkHeap::Make(ChunkTraits traits, UnixMillis first_time, size_t capacity) {
  // Allocators hand out multiples of 16, eight of which are theirs.
  const size_t whole = (sizeof(Chunk) + capacity + 8 + 15) / 16 * 16 - 8 - sizeof(Chunk);
  Chunk* const chunk = Chunk::Make(traits, first_time, static_cast<uint32_t>(whole));
  ++chunks;
  bytes += chunk->footprint();
  return chunk;
}

void ChunkHeap::Retire(Chunk* chunk) {
  --chunks;
  bytes -= chunk->footprint();
  epochs.Retire(chunk, &Chunk::Free);
}

MemorySeries::~MemorySeries() {
  for (Chunk* chunk = oldest_; chunk != nullptr;) {
    Chunk* const next = chunk->newer;
    Chunk::Free(chunk);
    chunk = next;
  }
}

const FloatHistogram* MemorySeries::last_histogram() const {
  return last_kind_ == Kind::kHistogram ? histograms_->last().get() : nullptr;
}

bool MemorySeries::Reaches(const View& view, UnixMillis from, UnixMillis to) {
  if (view.newest == nullptr || view.last_time < from) return false;
  // Most queries are about now: then no chunk needs to be looked at.
  if (view.last_time <= to || view.newest->first_time <= to) return true;
  for (const Chunk* chunk = view.newest->older.load(std::memory_order_acquire); chunk != nullptr;
       chunk = chunk->older.load(std::memory_order_acquire)) {
    if (chunk->first_time <= to) return chunk->last_time.load(std::memory_order_relaxed) >= from;
  }
  return false;
}

void MemorySeries::Read(const View& view, UnixMillis from, UnixMillis to, Samples* out) {
  // From the newest back to the first that may have something, then forward.
  constexpr size_t kUsual = 64;
  const Chunk* few[kUsual];
  std::vector<const Chunk*> many;
  size_t found = 0;
  for (const Chunk* chunk = view.newest; chunk != nullptr;
       chunk = chunk->older.load(std::memory_order_acquire)) {
    if (chunk->last_time.load(std::memory_order_relaxed) < from) break;
    if (chunk->first_time > to) continue;
    if (found < kUsual) {
      few[found] = chunk;
    } else {
      many.push_back(chunk);
    }
    ++found;
  }
  for (size_t i = found; i-- > 0;) {
    const Chunk* const chunk = i < kUsual ? few[i] : many[i - kUsual];
    DecodeChunk(*chunk, chunk == view.newest ? view.extent : chunk->Extent(), from, to, out);
  }
}

void MemorySeries::ReadNewest(const View& view, UnixMillis from, UnixMillis to, Samples* out) {
  if (view.newest == nullptr) return;
  if (view.last_is_float && view.last_time <= to) {
    if (view.last_time < from) return;
    out->times.push_back(view.last_time);
    out->values.push_back(view.last_value);
    if (view.last_start != 0 || !out->starts.empty()) {
      out->starts.resize(out->times.size());
      out->starts.back() = view.last_start;
    }
    return;
  }
  Samples all;
  for (const Chunk* chunk = view.newest; chunk != nullptr;
       chunk = chunk->older.load(std::memory_order_acquire)) {
    if (chunk->last_time.load(std::memory_order_relaxed) < from) return;
    if (chunk->first_time > to) continue;
    const ChunkExtent extent = chunk == view.newest ? view.extent : chunk->Extent();
    // Mostly the chunk's last sample is the one, and those before it need not be made.
    const UnixMillis last =
        chunk == view.newest ? view.last_time : chunk->last_time.load(std::memory_order_relaxed);
    if (last >= from && last <= to) DecodeChunk(*chunk, extent, last, last, &all);
    if (all.times.empty() && all.histograms.empty()) DecodeChunk(*chunk, extent, from, to, &all);
    if (!all.times.empty()) {
      out->times.push_back(all.times.back());
      out->values.push_back(all.values.back());
      PushStart(all.starts, out->times.size(), &out->starts);
      return;
    }
    if (!all.histograms.empty()) {
      out->histogram_times.push_back(all.histogram_times.back());
      out->histograms.push_back(std::move(all.histograms.back()));
      PushStart(all.histogram_starts, out->histogram_times.size(), &out->histogram_starts);
      return;
    }
  }
}

bool MemorySeries::Full(UnixMillis time, const ChunkHeap& heap) const {
  const auto span = static_cast<uint64_t>(time) - static_cast<uint64_t>(open_->first_time);
  if (extent_.samples >= kMostChunkSamples || span > heap.longest_span) return true;
  return open_->traits.kind == ChunkKind::kHistograms && extent_.samples >= kHistogramSamples &&
         extent_.bytes >= kHistogramBytes;
}

// A chunk takes the place of the open one, in the list and, when it has been published, for readers.
void MemorySeries::Replace(size_t capacity, ChunkHeap& heap) {
  Chunk* const old = open_;
  Chunk* const copy = heap.Make(old->traits, old->first_time, capacity);
  std::memcpy(copy->data(), old->data(), extent_.bytes);
  copy->last_time.store(old->last_time.load(std::memory_order_relaxed), std::memory_order_relaxed);
  copy->Publish(extent_);
  Chunk* const older = old->older.load(std::memory_order_relaxed);
  copy->older.store(older, std::memory_order_relaxed);
  if (older != nullptr) {
    older->newer = copy;
  } else {
    oldest_ = copy;
  }
  open_ = copy;
  if (newest_.load(std::memory_order_relaxed) == old) newest_.store(copy, std::memory_order_release);
  heap.Retire(old);
}

void MemorySeries::Close(ChunkHeap& heap) {
  const uint32_t slack = open_->capacity - extent_.bytes;
  last_size_ = static_cast<uint16_t>(std::min<uint32_t>(extent_.bytes, UINT16_MAX));
  if (slack > kSlackBytes && slack > open_->capacity / kSlackShare) Replace(extent_.bytes, heap);
}

void MemorySeries::Begin(ChunkTraits traits, UnixMillis time, size_t capacity, ChunkHeap& heap) {
  if (open_ != nullptr) Close(heap);
  Chunk* const chunk = heap.Make(traits, time, capacity);
  chunk->older.store(open_, std::memory_order_relaxed);
  if (open_ != nullptr) {
    open_->newer = chunk;
  } else {
    oldest_ = chunk;
  }
  open_ = chunk;
  extent_ = {};
}

// Adds one sample, of which these are the bytes, and publishes it.
void MemorySeries::Write(const uint8_t* bytes, size_t size, UnixMillis time, ChunkHeap& heap) {
  if (size > open_->capacity - extent_.bytes) {
    const size_t needed = extent_.bytes + size;
    Replace(std::max(needed, needed + needed / 4), heap);
  }
  if (size > 0) std::memcpy(open_->data() + extent_.bytes, bytes, size);
  extent_.bytes += static_cast<uint32_t>(size);
  ++extent_.samples;
  open_->last_time.store(time, std::memory_order_relaxed);
  open_->Publish(extent_);
  if (extent_.samples == 1) newest_.store(open_, std::memory_order_release);
  last_time_ = time;
}

void MemorySeries::Append(UnixMillis time, double value, UnixMillis start, ChunkHeap& heap) {
  assert(last_kind_ == Kind::kNothing || time > last_time_);
  const bool stale = IsStale(value);
  if (stale && ends_in_histogram() && open_ != nullptr) {
    AppendStaleHistogram(time, start, heap);
    return;
  }
  if (open_ == nullptr || open_->traits.kind != ChunkKind::kFloats || (start != 0 && !open_->traits.starts) ||
      Full(time, heap)) {
    const size_t capacity = std::max<size_t>(kFirstCapacity, last_size_);
    Begin({.kind = ChunkKind::kFloats, .starts = start != 0}, time, capacity, heap);
    floats_.Begin(time);
  }
  uint8_t bytes[kMaxFloatTokenSize];
  const uint8_t* const end = floats_.Append(bytes, time, value, start);
  Write(bytes, static_cast<size_t>(end - bytes), time, heap);
  last_value_.store(value, std::memory_order_relaxed);
  last_start_.store(start, std::memory_order_relaxed);
  last_kind_ = stale ? Kind::kStale : Kind::kFloat;
}

void MemorySeries::AppendStaleHistogram(UnixMillis time, UnixMillis start, ChunkHeap& heap) {
  if ((start != 0 && !open_->traits.starts) || Full(time, heap)) {
    ChunkTraits traits = open_->traits;
    traits.starts = start != 0;
    Begin(traits, time, kFirstCapacity, heap);
    heap.scratch.clear();
    histograms_->Begin(time, FloatHistogram{}, false, &heap.scratch);
  } else {
    heap.scratch.clear();
  }
  histograms_->AppendStale(time, start, &heap.scratch);
  Write(reinterpret_cast<const uint8_t*>(heap.scratch.data()), heap.scratch.size(), time, heap);
  last_kind_ = Kind::kStaleHistogram;
}

void MemorySeries::AppendHistogram(UnixMillis time, FloatHistogramPtr histogram, UnixMillis start,
                                   ChunkHeap& heap) {
  assert(last_kind_ == Kind::kNothing || time > last_time_);
  if (histograms_ == nullptr) histograms_ = std::make_unique<HistogramEncoder>();
  const bool gauge = histogram->counter_reset == CounterReset::kGauge;
  const bool follows = open_ != nullptr && last_kind_ == Kind::kHistogram && open_->traits.gauge == gauge;
  const FloatHistogram* const last = follows ? histograms_->last().get() : nullptr;
  const bool comparable = last != nullptr && last->schema == histogram->schema &&
                          SameBits(last->zero_threshold, histogram->zero_threshold) &&
                          SameBounds(last->custom_values, histogram->custom_values);
  const bool continues = comparable && histogram->counter_reset != CounterReset::kReset &&
                         (gauge || !CountsFell(*last, *histogram));
  const bool fractional = HasFractions(*histogram);
  heap.scratch.clear();
  if (!continues || !SameLayout(*last, *histogram) || (fractional && !open_->traits.fractional) ||
      (start != 0 && !open_->traits.starts) || Full(time, heap)) {
    const size_t capacity =
        open_ != nullptr && open_->traits.kind == ChunkKind::kHistograms ? last_size_ : kFirstCapacity;
    Begin({.kind = ChunkKind::kHistograms,
           .starts = start != 0,
           .gauge = gauge,
           .continues = continues && !gauge,
           .fractional = fractional},
          time, std::max(kFirstCapacity, capacity), heap);
    histograms_->Begin(time, *histogram, fractional, &heap.scratch);
  }
  histograms_->Append(time, std::move(histogram), start, &heap.scratch);
  Write(reinterpret_cast<const uint8_t*>(heap.scratch.data()), heap.scratch.size(), time, heap);
  last_kind_ = Kind::kHistogram;
}

uint32_t MemorySeries::DropOldest(ChunkHeap& heap) {
  Chunk* const gone = oldest_;
  oldest_ = gone->newer;
  if (oldest_ != nullptr) {
    oldest_->older.store(nullptr, std::memory_order_release);
  } else {
    newest_.store(nullptr, std::memory_order_release);
    open_ = nullptr;
  }
  const uint32_t samples = gone->Extent().samples;
  heap.Retire(gone);
  return samples;
}

}  // namespace sidelight::storage
