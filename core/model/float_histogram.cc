#include "core/model/float_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <utility>

#include "core/base/compensated_sum.h"

namespace sidelight {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// No float is in a bucket whose index is farther from zero: 2^-1074 and 2^1024 at schema 8 are well within.
constexpr int64_t kMostBuckets = 1 << 20;

// One side of a histogram as bucket by bucket, ascending by index.
struct IndexedCount {
  int32_t index;
  double count;
};
using IndexedCounts = std::vector<IndexedCount>;

IndexedCounts Expand(const std::vector<NativeSpan>& spans, const std::vector<double>& counts) {
  IndexedCounts out;
  out.reserve(counts.size());
  int32_t index = 0;
  size_t next = 0;
  for (const NativeSpan& span : spans) {
    index += span.offset;
    for (uint32_t i = 0; i < span.length && next < counts.size(); ++i)
      out.push_back({index++, counts[next++]});
  }
  return out;
}

void Collapse(const IndexedCounts& buckets, std::vector<NativeSpan>* spans, std::vector<double>* counts) {
  spans->clear();
  counts->clear();
  counts->reserve(buckets.size());
  int32_t end = 0;  // behind the last bucket so far
  for (const IndexedCount& bucket : buckets) {
    if (spans->empty() || bucket.index != end) {
      spans->push_back({bucket.index - end, 0});
    }
    ++spans->back().length;
    counts->push_back(bucket.count);
    end = bucket.index + 1;
  }
}

// Calls `change` on the buckets of both sides.
template <class Change>
void Rework(FloatHistogram* histogram, Change change) {
  IndexedCounts buckets = Expand(histogram->positive_spans, histogram->positive);
  change(&buckets);
  Collapse(buckets, &histogram->positive_spans, &histogram->positive);
  buckets = Expand(histogram->negative_spans, histogram->negative);
  change(&buckets);
  Collapse(buckets, &histogram->negative_spans, &histogram->negative);
}

int32_t CoarserIndex(int32_t index, int32_t by) {
  // Bucket i ends at i, inclusively: i-1 rounds down together with its neighbours.
  return ((index - 1) >> by) + 1;
}

// All observations below `threshold` (above today's) are in the zero bucket from here on.
void WidenZeroBucket(FloatHistogram* histogram, double threshold) {
  const int32_t schema = histogram->schema;
  Rework(histogram, [&](IndexedCounts* buckets) {
    size_t taken = 0;
    while (taken < buckets->size() && NativeUpperBound(schema, (*buckets)[taken].index - 1) < threshold) {
      histogram->zero_count += (*buckets)[taken++].count;
    }
    buckets->erase(buckets->begin(), buckets->begin() + static_cast<std::ptrdiff_t>(taken));
  });
  histogram->zero_threshold = threshold;
}

// The least threshold not below `wanted` that cuts through no bucket with observations.
double ZeroThresholdFor(const FloatHistogram& histogram, double wanted) {
  const auto widen = [&](const std::vector<NativeSpan>& spans, const std::vector<double>& counts) {
    for (const IndexedCount& bucket : Expand(spans, counts)) {
      if (NativeUpperBound(histogram.schema, bucket.index - 1) >= wanted) return;
      if (bucket.count != 0) wanted = std::max(wanted, NativeUpperBound(histogram.schema, bucket.index));
    }
  };
  // What widens for one side may cut into the other.
  for (double before = -1; before != wanted;) {
    before = wanted;
    widen(histogram.positive_spans, histogram.positive);
    widen(histogram.negative_spans, histogram.negative);
  }
  return wanted;
}

// The threshold that both can be brought to.
double CommonZeroThreshold(const FloatHistogram& a, const FloatHistogram& b) {
  double threshold = std::max(a.zero_threshold, b.zero_threshold);
  for (double before = -1; before != threshold;) {
    before = threshold;
    if (a.zero_threshold < threshold) threshold = ZeroThresholdFor(a, threshold);
    if (b.zero_threshold < threshold) threshold = ZeroThresholdFor(b, threshold);
  }
  return threshold;
}

BucketBounds CommonBounds(const BucketBounds& a, const BucketBounds& b) {
  static const BucketBounds kNone = std::make_shared<const std::vector<double>>();
  const std::vector<double>& left = a == nullptr ? *kNone : *a;
  const std::vector<double>& right = b == nullptr ? *kNone : *b;
  std::vector<double> out;
  std::set_intersection(left.begin(), left.end(), right.begin(), right.end(), std::back_inserter(out));
  return std::make_shared<const std::vector<double>>(std::move(out));
}

bool SameBounds(const BucketBounds& a, const BucketBounds& b) {
  if (a == b) return true;
  const bool empty_a = a == nullptr || a->empty();
  const bool empty_b = b == nullptr || b->empty();
  if (empty_a || empty_b) return empty_a == empty_b;
  return *a == *b;
}

// To bounds of which each is one of its own.
void Rebound(FloatHistogram* histogram, const BucketBounds& bounds) {
  const BucketBounds old = histogram->custom_values;
  Rework(histogram, [&](IndexedCounts* buckets) {
    IndexedCounts out;
    for (const IndexedCount& bucket : *buckets) {
      int32_t index = static_cast<int32_t>(bounds->size());  // that of +Inf
      if (old != nullptr && static_cast<size_t>(bucket.index) < old->size()) {
        const double upper = (*old)[static_cast<size_t>(bucket.index)];
        index =
            static_cast<int32_t>(std::lower_bound(bounds->begin(), bounds->end(), upper) - bounds->begin());
      }
      if (!out.empty() && out.back().index == index) {
        out.back().count += bucket.count;
      } else {
        out.push_back({index, bucket.count});
      }
    }
    *buckets = std::move(out);
  });
  histogram->custom_values = bounds;
}

// The buckets of a side of `histogram` plus sign times those of the other's.
void AddSide(std::vector<NativeSpan>* spans, std::vector<double>* counts,
             const std::vector<NativeSpan>& other_spans, const std::vector<double>& other_counts, double sign,
             std::vector<NativeSpan>* lost_spans, std::vector<double>* lost_counts) {
  if (other_counts.empty()) return;
  if (*spans == other_spans && counts->size() == other_counts.size() &&
      (lost_counts == nullptr || *lost_spans == *spans)) {
    for (size_t i = 0; i < counts->size(); ++i) {
      if (lost_counts == nullptr) {
        (*counts)[i] += sign * other_counts[i];
      } else {
        CompensatedAdd(sign * other_counts[i], &(*counts)[i], &(*lost_counts)[i]);
      }
    }
    return;
  }
  const IndexedCounts mine = Expand(*spans, *counts);
  const IndexedCounts theirs = Expand(other_spans, other_counts);
  const IndexedCounts lost = lost_counts == nullptr ? IndexedCounts() : Expand(*lost_spans, *lost_counts);
  IndexedCounts sums;
  IndexedCounts losses;
  size_t m = 0;
  size_t t = 0;
  size_t l = 0;
  while (m < mine.size() || t < theirs.size() || l < lost.size()) {
    int32_t index = INT32_MAX;
    if (m < mine.size()) index = std::min(index, mine[m].index);
    if (t < theirs.size()) index = std::min(index, theirs[t].index);
    if (l < lost.size()) index = std::min(index, lost[l].index);
    double sum = m < mine.size() && mine[m].index == index ? mine[m++].count : 0;
    double loss = l < lost.size() && lost[l].index == index ? lost[l++].count : 0;
    if (t < theirs.size() && theirs[t].index == index) {
      const double value = sign * theirs[t++].count;
      if (lost_counts == nullptr) {
        sum += value;
      } else {
        CompensatedAdd(value, &sum, &loss);
      }
    }
    sums.push_back({index, sum});
    losses.push_back({index, loss});
  }
  Collapse(sums, spans, counts);
  if (lost_counts != nullptr) Collapse(losses, lost_spans, lost_counts);
}

// Settles the mark of a histogram that another one was combined with; true when they contradict each other.
bool CombineCounterReset(CounterReset other, CounterReset* mine) {
  if (*mine == other || *mine == CounterReset::kGauge) return false;
  if (other == CounterReset::kGauge) {
    *mine = CounterReset::kGauge;
    return false;
  }
  const bool conflict = *mine != CounterReset::kUnknown && other != CounterReset::kUnknown;
  *mine = CounterReset::kUnknown;
  return conflict;
}

Result<FloatHistogram::Combined> Combine(FloatHistogram* histogram, const FloatHistogram& other, double sign,
                                         FloatHistogram* compensation) {
  if (histogram->custom_buckets() != other.custom_buckets()) {
    return Fail(ErrorCode::kInvalidArgument,
                "histograms with exponential and with custom buckets cannot be combined");
  }
  FloatHistogram::Combined combined;
  combined.counter_reset_conflict = CombineCounterReset(other.counter_reset, &histogram->counter_reset);

  FloatHistogram adjusted;  // a copy of the other one, when it has to be brought to this one's layout
  const FloatHistogram* addend = &other;
  const auto adjust = [&]() -> FloatHistogram* {
    if (addend != &adjusted) adjusted = other;
    addend = &adjusted;
    return &adjusted;
  };
  if (compensation != nullptr) {
    compensation->schema = histogram->schema;
    compensation->zero_threshold = histogram->zero_threshold;
    compensation->custom_values = histogram->custom_values;
  }
  if (histogram->custom_buckets()) {
    if (!SameBounds(histogram->custom_values, other.custom_values)) {
      combined.bounds_reconciled = true;
      const BucketBounds bounds = CommonBounds(histogram->custom_values, other.custom_values);
      Rebound(adjust(), bounds);
      if (compensation != nullptr) Rebound(compensation, bounds);
      Rebound(histogram, bounds);
    }
  } else {
    if (histogram->zero_threshold != other.zero_threshold) {
      const double threshold = CommonZeroThreshold(*histogram, other);
      if (histogram->zero_threshold < threshold) {
        WidenZeroBucket(histogram, threshold);
        if (compensation != nullptr) WidenZeroBucket(compensation, threshold);
      }
      if (other.zero_threshold < threshold) WidenZeroBucket(adjust(), threshold);
    }
    if (histogram->schema > addend->schema) {
      histogram->ReduceResolution(addend->schema);
      if (compensation != nullptr) compensation->ReduceResolution(addend->schema);
    } else if (histogram->schema < addend->schema) {
      adjust()->ReduceResolution(histogram->schema);
    }
  }

  if (compensation == nullptr) {
    histogram->zero_count += sign * addend->zero_count;
    histogram->count += sign * addend->count;
    histogram->sum += sign * addend->sum;
  } else {
    CompensatedAdd(sign * addend->zero_count, &histogram->zero_count, &compensation->zero_count);
    CompensatedAdd(sign * addend->count, &histogram->count, &compensation->count);
    CompensatedAdd(sign * addend->sum, &histogram->sum, &compensation->sum);
  }
  AddSide(&histogram->positive_spans, &histogram->positive, addend->positive_spans, addend->positive, sign,
          compensation == nullptr ? nullptr : &compensation->positive_spans,
          compensation == nullptr ? nullptr : &compensation->positive);
  AddSide(&histogram->negative_spans, &histogram->negative, addend->negative_spans, addend->negative, sign,
          compensation == nullptr ? nullptr : &compensation->negative_spans,
          compensation == nullptr ? nullptr : &compensation->negative);
  return combined;
}

// Whether a bucket of `before` is smaller in `now`, or gone.
bool AnyFell(const IndexedCounts& before, const IndexedCounts& now) {
  size_t n = 0;
  for (const IndexedCount& bucket : before) {
    while (n < now.size() && now[n].index < bucket.index) ++n;
    const double count = n < now.size() && now[n].index == bucket.index ? now[n].count : 0;
    if (count < bucket.count) return true;
  }
  return false;
}

void ScaleAll(FloatHistogram* histogram, double (*scale)(double, double), double by) {
  histogram->zero_count = scale(histogram->zero_count, by);
  histogram->count = scale(histogram->count, by);
  histogram->sum = scale(histogram->sum, by);
  for (double& count : histogram->positive) count = scale(count, by);
  for (double& count : histogram->negative) count = scale(count, by);
}

}  // namespace

Result<FloatHistogram::Combined> FloatHistogram::Add(const FloatHistogram& other,
                                                     FloatHistogram* compensation) {
  return Combine(this, other, 1, compensation);
}

Result<FloatHistogram::Combined> FloatHistogram::Subtract(const FloatHistogram& other) {
  return Combine(this, other, -1, nullptr);
}

void FloatHistogram::AddCompensation(const FloatHistogram& compensation) {
  zero_count += compensation.zero_count;
  count += compensation.count;
  sum += compensation.sum;
  AddSide(&positive_spans, &positive, compensation.positive_spans, compensation.positive, 1, nullptr,
          nullptr);
  AddSide(&negative_spans, &negative, compensation.negative_spans, compensation.negative, 1, nullptr,
          nullptr);
}

void FloatHistogram::Multiply(double factor) {
  ScaleAll(
      this, [](double value, double by) { return value * by; }, factor);
  if (factor < 0) counter_reset = CounterReset::kGauge;
}

void FloatHistogram::Divide(double divisor) {
  ScaleAll(
      this, [](double value, double by) { return value / by; }, divisor);
  if (divisor < 0) counter_reset = CounterReset::kGauge;
  // Division by zero makes NaN of empty buckets, and an empty bucket is the same as none.
  if (divisor == 0) {
    positive_spans.clear();
    positive.clear();
    negative_spans.clear();
    negative.clear();
  }
}

void FloatHistogram::Compact() {
  Rework(this, [](IndexedCounts* buckets) {
    std::erase_if(*buckets, [](const IndexedCount& bucket) { return bucket.count == 0; });
  });
}

void FloatHistogram::ReduceResolution(int32_t target_schema) {
  const int32_t by = schema - target_schema;
  if (by <= 0) return;
  Rework(this, [by](IndexedCounts* buckets) {
    IndexedCounts out;
    for (const IndexedCount& bucket : *buckets) {
      const int32_t index = CoarserIndex(bucket.index, by);
      if (!out.empty() && out.back().index == index) {
        out.back().count += bucket.count;
      } else {
        out.push_back({index, bucket.count});
      }
    }
    *buckets = std::move(out);
  });
  schema = target_schema;
}

bool FloatHistogram::DetectReset(const FloatHistogram& previous) const {
  if (counter_reset == CounterReset::kReset) return true;
  if (counter_reset == CounterReset::kNotReset) return false;
  if (custom_buckets() != previous.custom_buckets()) return true;
  if (count < previous.count) return true;

  FloatHistogram before = previous;
  const FloatHistogram* now = this;
  FloatHistogram adjusted;
  if (custom_buckets()) {
    if (!SameBounds(custom_values, previous.custom_values)) {
      const BucketBounds bounds = CommonBounds(custom_values, previous.custom_values);
      Rebound(&before, bounds);
      adjusted = *this;
      Rebound(&adjusted, bounds);
      now = &adjusted;
    }
  } else {
    // A counter only ever gets coarser.
    if (schema > previous.schema || zero_threshold < previous.zero_threshold) return true;
    if (zero_threshold > previous.zero_threshold) {
      if (ZeroThresholdFor(before, zero_threshold) != zero_threshold) return true;
      WidenZeroBucket(&before, zero_threshold);
    }
    if (schema < previous.schema) before.ReduceResolution(schema);
    if (zero_count < before.zero_count) return true;
  }
  return AnyFell(Expand(before.positive_spans, before.positive),
                 Expand(now->positive_spans, now->positive)) ||
         AnyFell(Expand(before.negative_spans, before.negative), Expand(now->negative_spans, now->negative));
}

bool FloatHistogram::Equals(const FloatHistogram& other) const {
  const auto same = [](double a, double b) {
    return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);
  };
  const auto same_all = [&](const std::vector<double>& a, const std::vector<double>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), same);
  };
  if (schema != other.schema || !same(count, other.count) || !same(sum, other.sum)) return false;
  if (!custom_buckets() && (zero_threshold != other.zero_threshold || !same(zero_count, other.zero_count))) {
    return false;
  }
  if (custom_buckets() && !SameBounds(custom_values, other.custom_values)) return false;
  FloatHistogram a = *this;
  FloatHistogram b = other;
  // Spans that are cut differently, or hold nothing, say the same.
  a.Compact();
  b.Compact();
  return a.positive_spans == b.positive_spans && a.negative_spans == b.negative_spans &&
         same_all(a.positive, b.positive) && same_all(a.negative, b.negative);
}

Status FloatHistogram::Validate() const {
  const auto fail = [](std::string text) { return Fail(ErrorCode::kInvalidArgument, std::move(text)); };
  const auto check_side = [&](const std::vector<NativeSpan>& spans, const std::vector<double>& counts,
                              const char* side) -> Status {
    uint64_t length = 0;
    int64_t end = 0;  // the index behind the span
    for (size_t i = 0; i < spans.size(); ++i) {
      end += spans[i].offset;
      const int64_t first = end;
      end += spans[i].length;
      if (first < -kMostBuckets || end > kMostBuckets) {
        return fail(std::string(side) + " side: span number " + std::to_string(i + 1) +
                    " lies beyond all floats");
      }
      if (i > 0 && spans[i].offset < 0) {
        return fail(std::string(side) + " side: span number " + std::to_string(i + 1) + " with offset " +
                    std::to_string(spans[i].offset));
      }
      length += spans[i].length;
    }
    if (length != counts.size()) {
      return fail(std::string(side) + " side: spans need " + std::to_string(length) + " buckets, have " +
                  std::to_string(counts.size()) + " buckets");
    }
    for (size_t i = 0; i < counts.size(); ++i) {
      if (counts[i] < 0) {
        return fail(std::string(side) + " side: bucket number " + std::to_string(i + 1) +
                    " has observation count of " + std::to_string(counts[i]));
      }
    }
    return {};
  };
  if (custom_buckets()) {
    const std::vector<double>* const bounds = custom_values.get();
    for (size_t i = 0; bounds != nullptr && i < bounds->size(); ++i) {
      if (std::isnan((*bounds)[i]) || (i > 0 && !((*bounds)[i] > (*bounds)[i - 1]))) {
        return fail("histogram custom bounds must be finite and in strictly increasing order");
      }
    }
    if (bounds != nullptr && !bounds->empty() && bounds->back() == kInfinity) {
      return fail("histogram custom bounds must be finite and in strictly increasing order");
    }
    if (zero_count != 0) return fail("custom buckets: must have zero count of 0");
    if (zero_threshold != 0) return fail("custom buckets: must have zero threshold of 0");
    if (!negative.empty() || !negative_spans.empty()) {
      return fail("custom buckets: must not have negative buckets");
    }
    if (Status side = check_side(positive_spans, positive, "positive"); !side) return side;
    const IndexedCounts buckets = Expand(positive_spans, positive);
    const size_t limit = bounds == nullptr ? 1 : bounds->size() + 1;
    if (!buckets.empty() &&
        (buckets.front().index < 0 || static_cast<size_t>(buckets.back().index) >= limit)) {
      return fail("custom buckets: a bucket lies outside of the bounds");
    }
  } else {
    if (schema < -4 || schema > 8) {
      return fail(
          "histogram has an invalid schema, which must be between -4 and 8 for exponential buckets, or "
          "-53 for custom buckets");
    }
    if (custom_values != nullptr && !custom_values->empty()) {
      return fail("histogram with exponential schema must not have custom bounds");
    }
    if (zero_count < 0) return fail("zero bucket has observation count of " + std::to_string(zero_count));
    if (Status side = check_side(negative_spans, negative, "negative"); !side) return side;
    if (Status side = check_side(positive_spans, positive, "positive"); !side) return side;
  }
  if (count < 0) return fail("observation count is " + std::to_string(count));
  return {};
}

FloatHistogramPtr ToFloatHistogram(const Histogram& histogram) {
  if (!histogram.has_native()) return nullptr;
  auto out = std::make_shared<FloatHistogram>();
  out->schema = histogram.schema;
  out->zero_threshold = histogram.zero_threshold;
  out->zero_count = static_cast<double>(histogram.zero_count);
  out->count = static_cast<double>(histogram.count);
  out->sum = histogram.sum;
  out->positive_spans = histogram.positive.spans;
  out->negative_spans = histogram.negative.spans;
  out->positive.assign(histogram.positive.counts.begin(), histogram.positive.counts.end());
  out->negative.assign(histogram.negative.counts.begin(), histogram.negative.counts.end());
  return out;
}

}  // namespace sidelight
