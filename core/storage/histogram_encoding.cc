#include "core/storage/histogram_encoding.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "core/model/stale.h"
#include "core/storage/whole_number.h"
#include "core/storage/xor_encoding.h"

namespace sidelight::storage {
namespace {

constexpr uint8_t kChanged = 0x00;  // a sample: its sum and its counts follow
constexpr uint8_t kXorBase = 0x40;  // of XOR codes; below it: (code + 1) counts that stay as they are
constexpr uint8_t kXorEnd = 0x80;

bool IsWhole(double count) {
  int64_t whole = 0;
  return ToWhole(count, &whole);
}

bool SameBits(double a, double b) {
  return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);
}

// The numbers of a histogram that are counts, in the order of the stream.
template <class Histogram, class Visit>
void ForEachCount(Histogram& histogram, const Visit& visit) {
  visit(histogram.count);
  visit(histogram.zero_count);
  for (auto& count : histogram.positive) visit(count);
  for (auto& count : histogram.negative) visit(count);
}

// Walks the buckets of one side that have an index in both, or in either, of two layouts.
class BucketCursor {
 public:
  BucketCursor(const std::vector<NativeSpan>& spans, const std::vector<double>& counts)
      : spans_(spans), counts_(counts) {
    if (!spans_.empty()) index_ = spans_[0].offset;
    Settle();
  }
  bool done() const { return span_ == spans_.size() || at_ == counts_.size(); }
  int64_t index() const { return index_; }
  double count() const { return counts_[at_]; }
  void Next() {
    ++at_;
    ++index_;
    ++in_span_;
    Settle();
  }

 private:
  void Settle() {
    while (span_ < spans_.size() && in_span_ == spans_[span_].length) {
      in_span_ = 0;
      if (++span_ < spans_.size()) index_ += spans_[span_].offset;
    }
  }

  const std::vector<NativeSpan>& spans_;
  const std::vector<double>& counts_;
  size_t span_ = 0;
  size_t at_ = 0;
  uint32_t in_span_ = 0;
  int64_t index_ = 0;
};

bool BucketsFell(const std::vector<NativeSpan>& old_spans, const std::vector<double>& old_counts,
                 const std::vector<NativeSpan>& new_spans, const std::vector<double>& new_counts) {
  BucketCursor next(new_spans, new_counts);
  for (BucketCursor old(old_spans, old_counts); !old.done(); old.Next()) {
    while (!next.done() && next.index() < old.index()) next.Next();
    const double now = !next.done() && next.index() == old.index() ? next.count() : 0;
    if (now < old.count()) return true;
  }
  return false;
}

void PutDouble(double value, std::string* out) {
  char bytes[sizeof(value)];
  std::memcpy(bytes, &value, sizeof(value));
  out->append(bytes, sizeof(value));
}

const uint8_t* GetDouble(const uint8_t* in, const uint8_t* end, double* value) {
  if (static_cast<size_t>(end - in) < sizeof(*value)) return nullptr;
  std::memcpy(value, in, sizeof(*value));
  return in + sizeof(*value);
}

void PutSpans(const std::vector<NativeSpan>& spans, std::string* out) {
  PutVarint(out, spans.size());
  for (const NativeSpan& span : spans) {
    PutVarint(out, ZigZag(span.offset));
    PutVarint(out, span.length);
  }
}

const uint8_t* GetSpans(const uint8_t* in, const uint8_t* end, std::vector<NativeSpan>* spans,
                        std::vector<double>* counts) {
  uint64_t size = 0;
  in = GetVarint(in, end, &size);
  // A span takes two bytes at least.
  if (in == nullptr || size > static_cast<size_t>(end - in) / 2) return nullptr;
  size_t buckets = 0;
  spans->resize(size);
  for (NativeSpan& span : *spans) {
    uint64_t offset = 0;
    uint64_t length = 0;
    in = GetVarint(in, end, &offset);
    if (in != nullptr) in = GetVarint(in, end, &length);
    if (in == nullptr || offset > UINT32_MAX || length > kMaxHistogramBuckets - buckets) return nullptr;
    span.offset = static_cast<int32_t>(UnZigZag(offset));
    span.length = static_cast<uint32_t>(length);
    buckets += length;
  }
  counts->resize(buckets);
  return in;
}

void PutLayout(const FloatHistogram& layout, std::string* out) {
  PutVarint(out, ZigZag(layout.schema));
  PutDouble(layout.zero_threshold, out);
  PutSpans(layout.positive_spans, out);
  PutSpans(layout.negative_spans, out);
  const size_t bounds = layout.custom_values == nullptr ? 0 : layout.custom_values->size();
  PutVarint(out, bounds);
  for (size_t i = 0; i < bounds; ++i) PutDouble((*layout.custom_values)[i], out);
}

const uint8_t* GetLayout(const uint8_t* in, const uint8_t* end, FloatHistogram* layout) {
  uint64_t schema = 0;
  in = GetVarint(in, end, &schema);
  if (in == nullptr || schema > UINT32_MAX) return nullptr;
  layout->schema = static_cast<int32_t>(UnZigZag(schema));
  in = GetDouble(in, end, &layout->zero_threshold);
  if (in != nullptr) in = GetSpans(in, end, &layout->positive_spans, &layout->positive);
  if (in != nullptr) in = GetSpans(in, end, &layout->negative_spans, &layout->negative);
  if (in == nullptr) return nullptr;
  uint64_t bounds = 0;
  in = GetVarint(in, end, &bounds);
  if (in == nullptr || bounds > static_cast<size_t>(end - in) / sizeof(double)) return nullptr;
  if (bounds > 0 || layout->custom_buckets()) {
    std::vector<double> values(bounds);
    for (double& value : values) in = GetDouble(in, end, &value);
    layout->custom_values = std::make_shared<const std::vector<double>>(std::move(values));
  }
  return in;
}

}  // namespace

bool SameBounds(const BucketBounds& a, const BucketBounds& b) {
  return a == b || (a != nullptr && b != nullptr && *a == *b);
}

bool SameLayout(const FloatHistogram& a, const FloatHistogram& b) {
  return a.schema == b.schema && SameBits(a.zero_threshold, b.zero_threshold) &&
         a.positive_spans == b.positive_spans && a.negative_spans == b.negative_spans &&
         SameBounds(a.custom_values, b.custom_values);
}

bool CountsFell(const FloatHistogram& previous, const FloatHistogram& next) {
  return next.count < previous.count || next.zero_count < previous.zero_count ||
         BucketsFell(previous.positive_spans, previous.positive, next.positive_spans, next.positive) ||
         BucketsFell(previous.negative_spans, previous.negative, next.negative_spans, next.negative);
}

bool HasFractions(const FloatHistogram& histogram) {
  bool whole = true;
  ForEachCount(histogram, [&whole](double count) { whole = whole && IsWhole(count); });
  return !whole;
}

void HistogramEncoder::Begin(UnixMillis first_time, const FloatHistogram& layout, bool fractional,
                             std::string* out) {
  time_ = TimeState{.time = first_time};
  run_ = 0;
  fractional_ = fractional;
  first_ = true;
  PutLayout(layout, out);
}

void HistogramEncoder::PutTime(UnixMillis time, UnixMillis start, std::string* out) {
  const int64_t step = WrappingSub(time, time_.time);
  uint8_t bytes[2 + 3 * (1 + kMaxVarintSize)];
  uint8_t* end = PutRun(bytes, run_);
  end = PutStepChange(end, WrappingSub(step, time_.step));
  end = PutStartChange(end, WrappingSub(start, time_.start));
  out->append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(end - bytes));
  run_ = 0;
  time_ = {time, step, start};
}

void HistogramEncoder::PutCounts(const FloatHistogram& histogram, std::string* out) {
  // The sum and the counts of a chunk's first sample are told from zeros.
  const bool from_zero = first_;
  const double last_sum = from_zero ? 0 : last_->sum;
  if (SameBits(histogram.sum, last_sum)) {
    out->push_back(0);
  } else {
    uint8_t bytes[kMaxXorSize];
    const uint8_t* const end =
        PutXor(bytes, std::bit_cast<uint64_t>(histogram.sum) ^ std::bit_cast<uint64_t>(last_sum), kXorBase);
    out->append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(end - bytes));
  }

  std::vector<double> before;
  if (!from_zero) ForEachCount(*last_, [&before](double count) { before.push_back(count); });
  size_t at = 0;
  uint64_t same = 0;
  const auto put_same = [&] {
    if (!fractional_ && same > 0) {
      out->push_back(0);
      PutVarint(out, same - 1);
    }
    for (; fractional_ && same > 0; same -= std::min<uint64_t>(same, kXorBase)) {
      out->push_back(static_cast<char>(std::min<uint64_t>(same, kXorBase) - 1));
    }
    same = 0;
  };
  ForEachCount(histogram, [&](double count) {
    const double last = from_zero ? 0 : before[at];
    ++at;
    if (SameBits(count, last)) {
      ++same;
      return;
    }
    put_same();
    if (!fractional_) {
      PutVarint(out, ZigZag(static_cast<int64_t>(count) - static_cast<int64_t>(last)));
      return;
    }
    uint8_t bytes[kMaxXorSize];
    const uint8_t* const end =
        PutXor(bytes, std::bit_cast<uint64_t>(count) ^ std::bit_cast<uint64_t>(last), kXorBase);
    out->append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(end - bytes));
  });
  put_same();
}

void HistogramEncoder::Append(UnixMillis time, FloatHistogramPtr histogram, UnixMillis start,
                              std::string* out) {
  const bool steady = !first_ && start == time_.start && WrappingSub(time, time_.time) == time_.step &&
                      (histogram == last_ || histogram->Equals(*last_));
  if (steady) {
    time_.time = time;
    ++run_;
    return;
  }
  PutTime(time, start, out);
  out->push_back(kChanged);
  PutCounts(*histogram, out);
  first_ = false;
  last_ = std::move(histogram);
}

void HistogramEncoder::AppendStale(UnixMillis time, UnixMillis start, std::string* out) {
  PutTime(time, start, out);
  out->push_back(static_cast<char>(token::kStale));
}

namespace {

class Reader {
 public:
  Reader(const ChunkTraits& traits, UnixMillis first_time, UnixMillis from, UnixMillis to, Samples* out)
      : traits_(traits), from_(from), to_(to), out_(*out), state_{.time = first_time} {}

  bool Read(const uint8_t* in, const uint8_t* end, uint32_t left) {
    in = GetLayout(in, end, &now_);
    if (in == nullptr) return false;
    while (left > 0) {
      if (in == end) {
        Steady(left);
        return true;
      }
      const uint8_t code = *in++;
      if (code == kChanged) {
        in = GetCounts(in, end);
        if (in == nullptr) return false;
        shared_ = nullptr;
        --left;
        if (!Steady(1)) return true;
      } else if (code == token::kStale) {
        --left;
        Advance();
        auto stale = std::make_shared<FloatHistogram>();
        stale->sum = StaleNan();
        if (traits_.gauge) stale->counter_reset = CounterReset::kGauge;
        if (!Add(std::move(stale))) return true;
      } else if (code >= token::kRun && code < token::kRunEnd) {
        const uint32_t run = GetRun(code, &in, end);
        if (run == 0 || run > left) return false;
        left -= run;
        if (!Steady(run)) return true;
      } else if (!GetTimeToken(code, &in, end, &state_) || in == nullptr) {
        return false;
      }
    }
    return in == end;
  }

 private:
  void Advance() { state_.time = WrappingAdd(state_.time, state_.step); }

  // False: this sample, and so all that follow, are beyond the range.
  bool Add(FloatHistogramPtr histogram) {
    if (state_.time < from_) return true;
    if (state_.time > to_) return false;
    out_.histogram_times.push_back(state_.time);
    out_.histograms.push_back(std::move(histogram));
    if (traits_.starts || !out_.histogram_starts.empty()) {
      out_.histogram_starts.resize(out_.histogram_times.size());
      out_.histogram_starts.back() = state_.start;
    }
    return true;
  }

  bool Steady(uint32_t samples) {
    for (; samples > 0; --samples) {
      Advance();
      if (state_.time > to_) return false;
      if (state_.time >= from_) {
        const CounterReset mark = traits_.gauge                  ? CounterReset::kGauge
                                  : first_ && !traits_.continues ? CounterReset::kUnknown
                                                                 : CounterReset::kNotReset;
        // Samples that are the same share one histogram.
        if (shared_ == nullptr || shared_->counter_reset != mark) {
          now_.counter_reset = mark;
          shared_ = std::make_shared<const FloatHistogram>(now_);
        }
        Add(shared_);
      }
      first_ = false;
    }
    return true;
  }

  const uint8_t* GetCounts(const uint8_t* in, const uint8_t* end) {
    if (in == end) return nullptr;
    if (const uint8_t code = *in++; code != 0) {
      if (code < kXorBase || code >= kXorEnd) return nullptr;
      uint64_t difference = 0;
      in = GetXor(code - kXorBase, in, end, &difference);
      if (in == nullptr) return nullptr;
      now_.sum = std::bit_cast<double>(std::bit_cast<uint64_t>(now_.sum) ^ difference);
    }
    uint64_t same = 0;
    ForEachCount(now_, [&](double& count) {
      if (in == nullptr) return;
      if (same > 0) {
        --same;
        return;
      }
      in = traits_.fractional ? GetFraction(in, end, &count, &same) : GetWhole(in, end, &count, &same);
    });
    return same > 0 ? nullptr : in;
  }

  static const uint8_t* GetWhole(const uint8_t* in, const uint8_t* end, double* count, uint64_t* same) {
    uint64_t folded = 0;
    in = GetVarint(in, end, &folded);
    if (in == nullptr) return nullptr;
    if (folded == 0) return GetVarint(in, end, same);
    // Bytes that make no sense may count beyond what a double counts in ones, never beyond its range.
    if (!(std::fabs(*count) <= kLargestWhole)) return nullptr;
    *count = static_cast<double>(WrappingAdd(static_cast<int64_t>(*count), UnZigZag(folded)));
    return in;
  }

  static const uint8_t* GetFraction(const uint8_t* in, const uint8_t* end, double* count, uint64_t* same) {
    if (in == end) return nullptr;
    const uint8_t code = *in++;
    if (code < kXorBase) {
      *same = code;
      return in;
    }
    uint64_t difference = 0;
    if (code >= kXorEnd) return nullptr;
    in = GetXor(code - kXorBase, in, end, &difference);
    *count = std::bit_cast<double>(std::bit_cast<uint64_t>(*count) ^ difference);
    return in;
  }

  const ChunkTraits traits_;
  const UnixMillis from_;
  const UnixMillis to_;
  Samples& out_;
  TimeState state_;
  FloatHistogram now_;
  FloatHistogramPtr shared_;
  bool first_ = true;
};

}  // namespace

bool DecodeHistograms(std::span<const uint8_t> bytes, uint32_t samples, const ChunkTraits& traits,
                      UnixMillis first_time, UnixMillis from, UnixMillis to, Samples* out) {
  return Reader(traits, first_time, from, to, out).Read(bytes.data(), bytes.data() + bytes.size(), samples);
}

}  // namespace sidelight::storage
