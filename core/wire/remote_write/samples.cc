#include "core/wire/remote_write/samples.h"

#include <algorithm>
#include <cmath>
#include <protozero/varint.hpp>
#include <span>

#include "core/wire/remote_write/fields.h"

namespace sidelight::remote_write {
namespace {

using wire::BackwardWriter;
using Tag = BackwardWriter::Tag;

bool IsWhole(double count) {
  constexpr double kExact = 0x1p53;
  return count >= 0 && count <= kExact && std::trunc(count) == count && !std::signbit(count);
}

bool HasWholeCounts(const FloatHistogram& histogram) {
  return IsWhole(histogram.count) && IsWhole(histogram.zero_count) &&
         std::all_of(histogram.positive.begin(), histogram.positive.end(), IsWhole) &&
         std::all_of(histogram.negative.begin(), histogram.negative.end(), IsWhole);
}

uint64_t ResetHint(CounterReset reset) {
  switch (reset) {
    case CounterReset::kReset:
      return 1;
    case CounterReset::kNotReset:
      return 2;
    case CounterReset::kGauge:
      return 3;
    case CounterReset::kUnknown:
      break;
  }
  return 0;
}

void AddSpans(BackwardWriter& writer, Tag tag, const std::vector<NativeSpan>& spans) {
  for (size_t i = spans.size(); i-- > 0;) {
    const size_t end = writer.size();
    writer.AddVarint(span_field::kLength, spans[i].length);
    writer.AddVarint(span_field::kOffset, protozero::encode_zigzag32(spans[i].offset));
    writer.CloseMessage(tag, end);
  }
}

void AddDeltas(BackwardWriter& writer, Tag tag, const std::vector<double>& counts) {
  if (counts.empty()) return;
  const size_t end = writer.size();
  for (size_t i = counts.size(); i-- > 0;) {
    const int64_t before = i == 0 ? 0 : static_cast<int64_t>(counts[i - 1]);
    writer.PushVarint(protozero::encode_zigzag64(static_cast<int64_t>(counts[i]) - before));
  }
  writer.CloseMessage(tag, end);
}

}  // namespace

void AddSample(BackwardWriter& writer, Tag tag, const Sample& sample, bool starts) {
  const size_t end = writer.size();
  if (starts && sample.start != 0) {
    writer.AddVarint(sample_field::kStartTimestamp, static_cast<uint64_t>(sample.start));
  }
  writer.AddVarint(sample_field::kTimestamp, static_cast<uint64_t>(sample.time));
  writer.AddDouble(sample_field::kValue, sample.value);
  writer.CloseMessage(tag, end);
}

void AddHistogram(BackwardWriter& writer, Tag tag, const HistogramSample& sample, bool starts) {
  const FloatHistogram& histogram = *sample.histogram;
  const size_t end = writer.size();
  const bool whole = HasWholeCounts(histogram);
  if (starts && sample.start != 0) {
    writer.AddVarint(histogram_field::kStartTimestamp, static_cast<uint64_t>(sample.start));
  }
  if (histogram.custom_buckets() && histogram.custom_values != nullptr) {
    writer.AddPacked64(histogram_field::kCustomValues, std::span(*histogram.custom_values));
  }
  writer.AddVarint(histogram_field::kTimestamp, static_cast<uint64_t>(sample.time));
  if (const uint64_t hint = ResetHint(histogram.counter_reset); hint != 0) {
    writer.AddVarint(histogram_field::kResetHint, hint);
  }
  if (whole) {
    AddDeltas(writer, histogram_field::kPositiveDeltas, histogram.positive);
  } else {
    writer.AddPacked64(histogram_field::kPositiveCounts, std::span(histogram.positive));
  }
  AddSpans(writer, histogram_field::kPositiveSpans, histogram.positive_spans);
  if (whole) {
    AddDeltas(writer, histogram_field::kNegativeDeltas, histogram.negative);
  } else {
    writer.AddPacked64(histogram_field::kNegativeCounts, std::span(histogram.negative));
  }
  AddSpans(writer, histogram_field::kNegativeSpans, histogram.negative_spans);
  // Also when 0: which of the two is there says whether it is a histogram of integers.
  if (whole) {
    writer.AddVarint(histogram_field::kZeroCountInt, static_cast<uint64_t>(histogram.zero_count));
  } else {
    writer.AddDouble(histogram_field::kZeroCountFloat, histogram.zero_count);
  }
  if (histogram.zero_threshold != 0) {
    writer.AddDouble(histogram_field::kZeroThreshold, histogram.zero_threshold);
  }
  writer.AddVarint(histogram_field::kSchema, protozero::encode_zigzag32(histogram.schema));
  writer.AddDouble(histogram_field::kSum, histogram.sum);
  if (whole) {
    writer.AddVarint(histogram_field::kCountInt, static_cast<uint64_t>(histogram.count));
  } else {
    writer.AddDouble(histogram_field::kCountFloat, histogram.count);
  }
  writer.CloseMessage(tag, end);
}

}  // namespace sidelight::remote_write
