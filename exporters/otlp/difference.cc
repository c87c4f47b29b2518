#include "exporters/otlp/difference.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace sidelight::otlp {
namespace {

struct Bucket {
  int32_t index = 0;
  uint64_t count = 0;
};

std::vector<Bucket> Unrolled(const NativeBuckets& buckets) {
  std::vector<Bucket> out;
  size_t next = 0;
  int32_t index = 0;
  for (const NativeSpan& span : buckets.spans) {
    index += span.offset;
    for (uint32_t i = 0; i < span.length && next < buckets.counts.size(); ++i) {
      out.push_back({index++, buckets.counts[next++]});
    }
  }
  return out;
}

NativeBuckets Rolled(const std::vector<Bucket>& buckets) {
  NativeBuckets out;
  int32_t end = 0;
  for (const Bucket& bucket : buckets) {
    if (bucket.count == 0) continue;
    if (out.spans.empty() || bucket.index != end) {
      out.spans.push_back({.offset = bucket.index - end, .length = 0});
    }
    ++out.spans.back().length;
    out.counts.push_back(bucket.count);
    end = bucket.index + 1;
  }
  return out;
}

// To a schema that is coarser by `steps`: two neighbours become one, `steps` times.
void Coarsen(std::vector<Bucket>* buckets, int32_t steps) {
  if (steps == 0) return;
  std::vector<Bucket> merged;
  for (const Bucket& bucket : *buckets) {
    const int32_t index = ((bucket.index - 1) >> steps) + 1;
    if (merged.empty() || merged.back().index != index) merged.push_back({index, 0});
    merged.back().count += bucket.count;
  }
  *buckets = std::move(merged);
}

// What the zero bucket has swallowed since it became wider.
uint64_t TakeUpTo(double threshold, int32_t schema, std::vector<Bucket>* buckets) {
  uint64_t taken = 0;
  const auto beyond = std::find_if(buckets->begin(), buckets->end(), [&](const Bucket& bucket) {
    if (NativeUpperBound(schema, bucket.index) > threshold) return true;
    taken += bucket.count;
    return false;
  });
  buckets->erase(buckets->begin(), beyond);
  return taken;
}

// False when one of them fell.
bool Subtract(const std::vector<Bucket>& before, std::vector<Bucket>* now) {
  auto at = now->begin();
  for (const Bucket& bucket : before) {
    if (bucket.count == 0) continue;
    at = std::find_if(at, now->end(), [&](const Bucket& b) { return b.index >= bucket.index; });
    if (at == now->end() || at->index != bucket.index || at->count < bucket.count) return false;
    at->count -= bucket.count;
  }
  return true;
}

bool SubtractNative(const Histogram& before, Histogram* now) {
  if (before.schema < now->schema || before.zero_threshold > now->zero_threshold) return false;
  std::vector<Bucket> positive = Unrolled(before.positive);
  std::vector<Bucket> negative = Unrolled(before.negative);
  Coarsen(&positive, before.schema - now->schema);
  Coarsen(&negative, before.schema - now->schema);
  uint64_t zero = before.zero_count;
  if (before.zero_threshold < now->zero_threshold) {
    zero += TakeUpTo(now->zero_threshold, now->schema, &positive);
    zero += TakeUpTo(now->zero_threshold, now->schema, &negative);
  }
  std::vector<Bucket> left_positive = Unrolled(now->positive);
  std::vector<Bucket> left_negative = Unrolled(now->negative);
  if (zero > now->zero_count || !Subtract(positive, &left_positive) || !Subtract(negative, &left_negative)) {
    return false;
  }
  now->zero_count -= zero;
  now->positive = Rolled(left_positive);
  now->negative = Rolled(left_negative);
  return true;
}

bool SubtractClassic(const ClassicBuckets& before, ClassicBuckets* now) {
  if (before.counts.size() != now->counts.size() || *before.bounds != *now->bounds) return false;
  for (size_t i = 0; i < now->counts.size(); ++i) {
    if (now->counts[i] < before.counts[i]) return false;
    now->counts[i] -= before.counts[i];
  }
  return true;
}

// Null when `now` is no continuation of `before`.
std::shared_ptr<Histogram> Grown(const Histogram& before, const Histogram& now) {
  if (now.count < before.count || now.has_classic() != before.has_classic() ||
      now.has_native() != before.has_native()) {
    return nullptr;
  }
  auto grown = std::make_shared<Histogram>(now);
  grown->count -= before.count;
  grown->sum -= before.sum;
  if (now.has_classic() && !SubtractClassic(before.classic, &grown->classic)) return nullptr;
  if (now.has_native() && !SubtractNative(before, grown.get())) return nullptr;
  return grown;
}

// Nothing when it has not grown.
std::optional<Metric> GrownBy(const Metric& before, const Metric& now, MetricType type, UnixMillis since) {
  Metric out = now;
  // A series that began anew has not grown from what it was, but from nothing.
  const bool same = before.start == now.start;
  std::shared_ptr<const Histogram> whole = now.histogram;
  if (type == MetricType::kCounter && same && now.value >= before.value) {
    if (now.value == before.value) return std::nullopt;
    out.value = now.value - before.value;
    out.start = since;
  } else if (type == MetricType::kHistogram && same && before.histogram != nullptr && whole != nullptr) {
    if (whole->count == before.histogram->count) return std::nullopt;
    std::shared_ptr<Histogram> grown = Grown(*before.histogram, *whole);
    if (grown != nullptr) {
      std::erase_if(grown->exemplars, [&](const Exemplar& exemplar) { return exemplar.time <= since; });
      out.histogram = std::move(grown);
      out.start = since;
    }
  }
  if (out.exemplar && out.exemplar->time <= since) out.exemplar.reset();
  if (out.start == 0) out.start = since;
  return out;
}

// Of a kind whose values add up.
std::vector<Metric> Subtract(std::span<const Metric> before, std::span<const Metric> now, MetricType type,
                             UnixMillis since) {
  std::vector<Metric> out;
  auto known = before.begin();
  for (const Metric& metric : now) {
    if (metric.stale) continue;
    while (known != before.end() && known->labels < metric.labels) ++known;
    if (known == before.end() || known->labels != metric.labels || known->stale) {
      out.push_back(metric);
      if (metric.start == 0) out.back().start = since;
    } else if (std::optional<Metric> grown = GrownBy(*known, metric, type, since)) {
      out.push_back(*std::move(grown));
    }
  }
  return out;
}

}  // namespace

Snapshot Difference(const Snapshot* before, const Snapshot& now) {
  Snapshot out{.time = now.time, .families = {}};
  // The machine's clock may have been set back, and no point begins behind its time.
  const UnixMillis since = before == nullptr ? 0 : std::min(before->time, now.time);
  const auto old = before == nullptr ? std::span<const MetricFamily>() : std::span(before->families);
  auto known = old.begin();
  for (const MetricFamily& family : now.families) {
    if (family.type != MetricType::kCounter && family.type != MetricType::kHistogram) {
      out.families.push_back(family);
      continue;
    }
    while (known != old.end() && known->name < family.name) ++known;
    const bool same = known != old.end() && known->name == family.name && known->type == family.type;
    MetricFamily grown = HeadOf(family);
    grown.metrics = Subtract(same ? std::span(known->metrics) : std::span<const Metric>(), family.metrics,
                             family.type, since);
    if (!grown.metrics.empty()) out.families.push_back(std::move(grown));
  }
  return out;
}

}  // namespace sidelight::otlp
