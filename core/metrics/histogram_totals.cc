#include "core/metrics/histogram_totals.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "core/metrics/histogram_shape.h"
#include "core/metrics/native_index.h"

namespace sidelight::metrics {
namespace {

// An empty bucket costs less than a span; client_golang bridges as many.
constexpr int32_t kBridgedGap = 2;

// Appends buckets in ascending order.
class SpanWriter {
 public:
  explicit SpanWriter(NativeBuckets& out) : out_(out) {}

  void Append(int32_t index, uint64_t count) {
    if (out_.spans.empty()) {
      out_.spans.push_back({index, 0});
    } else if (const int32_t gap = index - next_; gap > kBridgedGap) {
      out_.spans.push_back({gap, 0});
    } else {
      out_.counts.insert(out_.counts.end(), static_cast<size_t>(gap), 0);
      out_.spans.back().length += static_cast<uint32_t>(gap);
    }
    out_.counts.push_back(count);
    ++out_.spans.back().length;
    next_ = index + 1;
  }

 private:
  NativeBuckets& out_;
  int32_t next_ = 0;
};

NativeBuckets ToSpans(const DenseBuckets& dense, uint64_t infinite, int32_t schema) {
  NativeBuckets out;
  const std::optional<IndexRange> populated = dense.Populated();
  if (populated) out.counts.reserve(static_cast<size_t>(populated->size()) + 1);
  SpanWriter writer(out);
  for (size_t i = 0; i < dense.counts.size(); ++i) {
    if (dense.counts[i] != 0) writer.Append(dense.first + static_cast<int32_t>(i), dense.counts[i]);
  }
  if (infinite != 0) writer.Append(NativeIndex(std::numeric_limits<double>::max(), schema) + 1, infinite);
  return out;
}

void KeepNewest(std::vector<Exemplar>& mine, const std::vector<Exemplar>& others) {
  if (mine.size() < others.size()) mine.resize(others.size());
  for (size_t i = 0; i < others.size(); ++i) {
    if (!others[i].id.valid()) continue;
    if (!mine[i].id.valid() || mine[i].time < others[i].time) mine[i] = others[i];
  }
}

}  // namespace

void IndexRange::Include(int32_t index) {
  low = std::min(low, index);
  high = std::max(high, index);
}

IndexRange IndexRange::Coarser(int32_t shift) const {
  return {CoarserIndex(low, shift), CoarserIndex(high, shift)};
}

std::optional<IndexRange> DenseBuckets::Populated() const {
  const auto occupied = [](uint64_t count) { return count != 0; };
  const auto low = std::find_if(counts.begin(), counts.end(), occupied);
  if (low == counts.end()) return std::nullopt;
  const auto high = std::find_if(counts.rbegin(), counts.rend(), occupied);
  return IndexRange{first + static_cast<int32_t>(low - counts.begin()),
                    first + static_cast<int32_t>(counts.rend() - high) - 1};
}

void DenseBuckets::Downscale(int32_t shift) {
  const std::optional<IndexRange> populated = Populated();
  if (shift == 0 || !populated) return;
  const IndexRange range = populated->Coarser(shift);
  DenseBuckets coarser{range.low, std::vector<uint64_t>(static_cast<size_t>(range.size()))};
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    const int32_t index = CoarserIndex(first + static_cast<int32_t>(i), shift);
    coarser.counts[static_cast<size_t>(index - range.low)] += counts[i];
  }
  *this = std::move(coarser);
}

void DenseBuckets::Add(const DenseBuckets& other) {
  const std::optional<IndexRange> theirs = other.Populated();
  if (!theirs) return;
  const std::optional<IndexRange> mine = Populated();
  if (!mine) {
    *this = other;
    return;
  }
  IndexRange both = *mine;
  both.Include(theirs->low);
  both.Include(theirs->high);
  DenseBuckets sum{both.low, std::vector<uint64_t>(static_cast<size_t>(both.size()))};
  const auto put = [&sum](const DenseBuckets& part, const IndexRange& range) {
    for (int32_t index = range.low; index <= range.high; ++index) {
      sum.counts[static_cast<size_t>(index - sum.first)] +=
          part.counts[static_cast<size_t>(index - part.first)];
    }
  };
  put(*this, *mine);
  put(other, *theirs);
  *this = std::move(sum);
}

void HistogramTotals::Add(const HistogramTotals& other) {
  if (classic.size() < other.classic.size()) classic.resize(other.classic.size());
  for (size_t i = 0; i < other.classic.size(); ++i) classic[i] += other.classic[i];
  sum += other.sum;
  zero += other.zero;
  unbucketed += other.unbucketed;
  for (size_t sign = 0; sign < infinite.size(); ++sign) infinite[sign] += other.infinite[sign];
  const int32_t lowest = std::min(schema, other.schema);
  const auto add = [&](DenseBuckets& mine, const DenseBuckets& theirs) {
    if (schema == other.schema) return mine.Add(theirs);
    DenseBuckets coarser = theirs;
    coarser.Downscale(other.schema - lowest);
    mine.Downscale(schema - lowest);
    mine.Add(coarser);
  };
  add(positive, other.positive);
  add(negative, other.negative);
  schema = lowest;
  KeepNewest(exemplars, other.exemplars);
}

std::shared_ptr<const sidelight::Histogram> HistogramTotals::ToModel(const HistogramShape& shape) {
  auto histogram = std::make_shared<sidelight::Histogram>();
  histogram->count = std::accumulate(classic.begin(), classic.end(), uint64_t{0});
  histogram->sum = sum;
  if (shape.options().bounds != nullptr) {
    histogram->classic.bounds = shape.options().bounds;
    histogram->classic.counts = classic;
  }
  if (shape.has_native()) {
    // Each shard's range fits; all together may not.
    const int32_t steps =
        StepsToFit(positive.Populated(), negative.Populated(), schema, shape.options().native_max_buckets);
    positive.Downscale(steps);
    negative.Downscale(steps);
    schema -= steps;
    histogram->schema = schema;
    histogram->zero_threshold = shape.options().zero_threshold;
    histogram->zero_count = zero;
    histogram->positive = ToSpans(positive, infinite[0], schema);
    histogram->negative = ToSpans(negative, infinite[1], schema);
  }
  for (const Exemplar& exemplar : exemplars) {
    if (exemplar.id.valid()) histogram->exemplars.push_back(exemplar);
  }
  if (shape.exemplars_rotate()) {
    std::sort(histogram->exemplars.begin(), histogram->exemplars.end(),
              [](const Exemplar& a, const Exemplar& b) { return a.value < b.value; });
  }
  return histogram;
}

int32_t StepsToFit(std::optional<IndexRange> positive, std::optional<IndexRange> negative, int32_t schema,
                   uint32_t max_buckets) {
  int32_t steps = 0;
  const auto total = [&] {
    return (positive ? positive->Coarser(steps).size() : 0) +
           (negative ? negative->Coarser(steps).size() : 0);
  };
  while (schema - steps > kCoarsestSchema && total() > max_buckets) ++steps;
  return steps;
}

}  // namespace sidelight::metrics
