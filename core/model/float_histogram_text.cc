// The texts of a FloatHistogram.
#include "core/base/float_text.h"
#include "core/model/float_histogram.h"

namespace sidelight {
namespace {

// ` offset:2 buckets:[1 0 3]` with the given words; gaps between spans are written as zeros.
std::string TestBuckets(const std::vector<NativeSpan>& spans, const std::vector<double>& counts,
                        std::string_view offset_word, std::string_view buckets_word) {
  if (counts.empty()) return {};
  std::string out;
  if (spans.front().offset != 0) {
    out += std::string(" ").append(offset_word) + ":" + std::to_string(spans.front().offset);
  }
  out += std::string(" ").append(buckets_word) + ":[";
  size_t next = 0;
  for (size_t s = 0; s < spans.size(); ++s) {
    for (int32_t gap = s == 0 ? 0 : spans[s].offset; gap > 0; --gap) out += "0 ";
    for (uint32_t i = 0; i < spans[s].length; ++i) out += FloatText(counts[next++]) + " ";
  }
  out.back() = ']';
  return out;
}

std::string_view HintWord(CounterReset hint) {
  switch (hint) {
    case CounterReset::kUnknown:
      return "";
    case CounterReset::kReset:
      return "reset";
    case CounterReset::kNotReset:
      return "not_reset";
    case CounterReset::kGauge:
      return "gauge";
  }
  return "";
}

}  // namespace

std::string FloatHistogram::ToString() const {
  std::string out = "{count:" + FloatText(count) + ", sum:" + FloatText(sum);
  for (const HistogramBucket& bucket : Buckets()) {
    if (bucket.count == 0) continue;
    out += ", ";
    out += bucket.lower_inclusive ? '[' : '(';
    out += FloatText(bucket.lower) + "," + FloatText(bucket.upper);
    out += bucket.upper_inclusive ? ']' : ')';
    out += ":" + FloatText(bucket.count);
  }
  return out + "}";
}

std::string FloatHistogram::ToTestText() const {
  std::string out;
  const auto number = [&](std::string_view word, double value) {
    if (value != 0) out += std::string(" ").append(word) + ":" + FloatText(value);
  };
  number("schema", schema);
  number("count", count);
  number("sum", sum);
  number("z_bucket", zero_count);
  number("z_bucket_w", zero_threshold);
  if (custom_buckets()) {
    out += " custom_values:[";
    for (size_t i = 0; custom_values != nullptr && i < custom_values->size(); ++i) {
      if (i > 0) out += ' ';
      out += FloatText((*custom_values)[i]);
    }
    out += ']';
  }
  if (counter_reset != CounterReset::kUnknown) {
    out += std::string(" counter_reset_hint:").append(HintWord(counter_reset));
  }
  out += TestBuckets(positive_spans, positive, "offset", "buckets");
  out += TestBuckets(negative_spans, negative, "n_offset", "n_buckets");
  if (!out.empty()) out.erase(0, 1);
  return "{{" + out + "}}";
}

}  // namespace sidelight
