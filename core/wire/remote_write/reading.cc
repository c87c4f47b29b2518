#include "core/wire/remote_write/reading.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "core/base/utf8.h"

namespace sidelight::remote_write {
namespace {

using protozero::pbf_reader;
using wire::MemoryBudget;

NativeSpan ReadSpan(pbf_reader message) {
  NativeSpan out;
  while (message.next()) {
    switch (message.tag_and_type()) {
      case Varint(span_field::kOffset):
        out.offset = message.get_sint32();
        break;
      case Varint(span_field::kLength):
        out.length = message.get_uint32();
        break;
      default:
        message.skip();
    }
  }
  return out;
}

class HistogramReader {
 public:
  explicit HistogramReader(MemoryBudget& budget) : budget_(budget) {}

  HistogramSample Read(pbf_reader message) {
    budget_.Charge(sizeof(FloatHistogram));
    while (message.next()) ReadField(message);
    if (!positive_deltas_.empty()) histogram_.positive = Absolute(positive_deltas_);
    if (!negative_deltas_.empty()) histogram_.negative = Absolute(negative_deltas_);
    if (!custom_values_.empty() || histogram_.custom_buckets()) {
      histogram_.custom_values = std::make_shared<const std::vector<double>>(std::move(custom_values_));
    }
    if (const Status sound = histogram_.Validate(); !sound) Refuse("a histogram: " + sound.error().message);
    sample_.histogram = std::make_shared<const FloatHistogram>(std::move(histogram_));
    return std::move(sample_);
  }

 private:
  void ReadField(pbf_reader& message) {
    switch (message.tag_and_type()) {
      case Varint(histogram_field::kCountInt):
        histogram_.count = static_cast<double>(message.get_uint64());
        break;
      case Fixed(histogram_field::kCountFloat):
        histogram_.count = message.get_double();
        break;
      case Fixed(histogram_field::kSum):
        histogram_.sum = message.get_double();
        break;
      case Varint(histogram_field::kSchema):
        histogram_.schema = message.get_sint32();
        break;
      case Fixed(histogram_field::kZeroThreshold):
        histogram_.zero_threshold = message.get_double();
        break;
      case Varint(histogram_field::kZeroCountInt):
        histogram_.zero_count = static_cast<double>(message.get_uint64());
        break;
      case Fixed(histogram_field::kZeroCountFloat):
        histogram_.zero_count = message.get_double();
        break;
      case Text(histogram_field::kNegativeSpans):
        budget_.Append(histogram_.negative_spans) = ReadSpan(message.get_message());
        break;
      case Text(histogram_field::kPositiveSpans):
        budget_.Append(histogram_.positive_spans) = ReadSpan(message.get_message());
        break;
      case Text(histogram_field::kNegativeDeltas):
        for (const int64_t delta : message.get_packed_sint64()) budget_.Append(negative_deltas_) = delta;
        break;
      case Varint(histogram_field::kNegativeDeltas):
        budget_.Append(negative_deltas_) = message.get_sint64();
        break;
      case Text(histogram_field::kPositiveDeltas):
        for (const int64_t delta : message.get_packed_sint64()) budget_.Append(positive_deltas_) = delta;
        break;
      case Varint(histogram_field::kPositiveDeltas):
        budget_.Append(positive_deltas_) = message.get_sint64();
        break;
      case Text(histogram_field::kNegativeCounts):
        AddPacked(message, &histogram_.negative);
        break;
      case Fixed(histogram_field::kNegativeCounts):
        budget_.Append(histogram_.negative) = message.get_double();
        break;
      case Text(histogram_field::kPositiveCounts):
        AddPacked(message, &histogram_.positive);
        break;
      case Fixed(histogram_field::kPositiveCounts):
        budget_.Append(histogram_.positive) = message.get_double();
        break;
      case Varint(histogram_field::kResetHint):
        histogram_.counter_reset = ResetOf(message.get_enum());
        break;
      case Varint(histogram_field::kTimestamp):
        sample_.time = message.get_int64();
        break;
      case Text(histogram_field::kCustomValues):
        AddPacked(message, &custom_values_);
        break;
      case Fixed(histogram_field::kCustomValues):
        budget_.Append(custom_values_) = message.get_double();
        break;
      case Varint(histogram_field::kStartTimestamp):
        sample_.start = message.get_int64();
        break;
      default:
        message.skip();
    }
  }

  static CounterReset ResetOf(int32_t hint) {
    switch (hint) {
      case 1:
        return CounterReset::kReset;
      case 2:
        return CounterReset::kNotReset;
      case 3:
        return CounterReset::kGauge;
      default:
        return CounterReset::kUnknown;
    }
  }

  void AddPacked(pbf_reader& message, std::vector<double>* list) {
    const protozero::data_view view = message.get_view();
    if (view.size() % sizeof(double) != 0) throw protozero::invalid_length_exception{};
    if (view.size() == 0) return;
    budget_.Charge(2 * view.size());
    const size_t before = list->size();
    list->resize(before + view.size() / sizeof(double));
    std::memcpy(list->data() + before, view.data(), view.size());
  }

  std::vector<double> Absolute(const std::vector<int64_t>& deltas) {
    budget_.Charge(deltas.size() * sizeof(double));
    std::vector<double> out;
    out.reserve(deltas.size());
    uint64_t count = 0;  // wraps, where a signed number must not
    for (const int64_t delta : deltas) {
      count += static_cast<uint64_t>(delta);
      out.push_back(static_cast<double>(static_cast<int64_t>(count)));
    }
    return out;
  }

  MemoryBudget& budget_;
  FloatHistogram histogram_;
  HistogramSample sample_;
  std::vector<int64_t> positive_deltas_;
  std::vector<int64_t> negative_deltas_;
  std::vector<double> custom_values_;
};

}  // namespace

void Refuse(std::string problem) {
  throw wire::Refused{{ErrorCode::kInvalidArgument, std::move(problem)}};
}

std::string_view TakeText(pbf_reader& message) {
  const protozero::data_view view = message.get_view();
  const std::string_view text(view.data(), view.size());
  if (!IsValidUtf8(text)) Refuse("a text in it is not UTF-8");
  return text;
}

MetadataType TakeType(pbf_reader& message) {
  const int32_t type = message.get_enum();
  const bool known = type >= 0 && type <= static_cast<int32_t>(MetadataType::kStateSet);
  return known ? static_cast<MetadataType>(type) : MetadataType::kUnspecified;
}

Labels MakeLabels(MemoryBudget& budget, std::vector<Label>& labels) {
  size_t bytes = 64;
  for (const Label& label : labels) {
    if (label.name.empty()) Refuse("a label has no name");
    bytes += label.name.size() + label.value.size() + 8;
  }
  budget.Charge(bytes);
  std::sort(labels.begin(), labels.end(), [](const Label& a, const Label& b) { return a.name < b.name; });
  const auto twice = std::adjacent_find(labels.begin(), labels.end(),
                                        [](const Label& a, const Label& b) { return a.name == b.name; });
  if (twice != labels.end()) Refuse("a label name comes twice in one series");
  return Labels(std::span<const Label>(labels));
}

Sample ReadSample(pbf_reader message) {
  Sample out;
  while (message.next()) {
    switch (message.tag_and_type()) {
      case Fixed(sample_field::kValue):
        out.value = message.get_double();
        break;
      case Varint(sample_field::kTimestamp):
        out.time = message.get_int64();
        break;
      case Varint(sample_field::kStartTimestamp):
        out.start = message.get_int64();
        break;
      default:
        message.skip();
    }
  }
  return out;
}

HistogramSample ReadHistogram(pbf_reader message, MemoryBudget& budget) {
  return HistogramReader(budget).Read(message);
}

}  // namespace sidelight::remote_write
