#include "core/wire/remote_write/decode.h"
#include "core/wire/remote_write/reading.h"

namespace sidelight::remote_write {
namespace {

using protozero::pbf_reader;

class Decoder {
 public:
  explicit Decoder(size_t max_memory) : budget_(max_memory) {}

  std::vector<Series> Read(const pbf_reader& request) {
    // The symbols stand first, but a sender may also write them last.
    for (pbf_reader message = request; message.next();) {
      if (message.tag_and_type() == Text(request_field::kSymbols)) {
        const std::string_view text = TakeText(message);
        budget_.Append(symbols_) = text;
      } else {
        message.skip();
      }
    }
    if (!symbols_.empty() && !symbols_.front().empty()) Refuse("the first symbol is not empty");
    std::vector<Series> out;
    for (pbf_reader message = request; message.next();) {
      if (message.tag_and_type() == Text(request_field::kTimeSeries)) {
        ReadSeries(message.get_message(), &budget_.Append(out));
      } else {
        message.skip();
      }
    }
    return out;
  }

 private:
  std::string_view SymbolOf(uint32_t ref) const {
    if (ref >= symbols_.size()) {
      Refuse("a reference to symbol " + std::to_string(ref) + " of " + std::to_string(symbols_.size()));
    }
    return symbols_[ref];
  }

  Labels LabelsOf(const std::vector<uint32_t>& refs) {
    if (refs.size() % 2 != 0) Refuse("an odd number of label references");
    std::vector<Label> labels;
    for (size_t i = 0; i < refs.size(); i += 2) {
      budget_.Append(labels) = {SymbolOf(refs[i]), SymbolOf(refs[i + 1])};
    }
    return MakeLabels(budget_, labels);
  }

  void AddRefs(pbf_reader& message, std::vector<uint32_t>* out) {
    for (const uint32_t ref : message.get_packed_uint32()) budget_.Append(*out) = ref;
  }

  void ReadSeries(pbf_reader message, Series* out) {
    std::vector<uint32_t> refs;
    while (message.next()) {
      switch (message.tag_and_type()) {
        case Text(series2_field::kLabelsRefs):
          AddRefs(message, &refs);
          break;
        case Varint(series2_field::kLabelsRefs):
          budget_.Append(refs) = message.get_uint32();
          break;
        case Text(series2_field::kSamples):
          budget_.Append(out->samples) = ReadSample(message.get_message());
          break;
        case Text(series2_field::kHistograms):
          budget_.Append(out->histograms) = ReadHistogram(message.get_message(), budget_);
          break;
        case Text(series2_field::kExemplars):
          ReadExemplar(message.get_message(), &budget_.Append(out->exemplars));
          break;
        case Text(series2_field::kMetadata):
          ReadMetadata(message.get_message(), &out->metadata);
          break;
        default:
          message.skip();
      }
    }
    if (!out->samples.empty() && !out->histograms.empty()) Refuse("a series has samples and histograms");
    out->labels = LabelsOf(refs);
  }

  void ReadExemplar(pbf_reader message, Exemplar* out) {
    std::vector<uint32_t> refs;
    while (message.next()) {
      switch (message.tag_and_type()) {
        case Text(exemplar_field::kLabels):
          AddRefs(message, &refs);
          break;
        case Varint(exemplar_field::kLabels):
          budget_.Append(refs) = message.get_uint32();
          break;
        case Fixed(exemplar_field::kValue):
          out->value = message.get_double();
          break;
        case Varint(exemplar_field::kTimestamp):
          out->time = message.get_int64();
          break;
        default:
          message.skip();
      }
    }
    out->labels = LabelsOf(refs);
  }

  void ReadMetadata(pbf_reader message, Metadata* out) {
    const auto take = [&](std::string* text) {
      const uint32_t ref = message.get_uint32();
      const std::string_view symbol = ref == 0 ? std::string_view() : SymbolOf(ref);
      budget_.Charge(symbol.size());
      *text = symbol;
    };
    while (message.next()) {
      switch (message.tag_and_type()) {
        case Varint(metadata2_field::kType):
          out->type = TakeType(message);
          break;
        case Varint(metadata2_field::kHelpRef):
          take(&out->help);
          break;
        case Varint(metadata2_field::kUnitRef):
          take(&out->unit);
          break;
        default:
          message.skip();
      }
    }
  }

  wire::MemoryBudget budget_;
  std::vector<std::string_view> symbols_;
};

}  // namespace

Result<std::vector<Series>> Decode2(std::string_view body, const DecodeLimits& limits) {
  return DecodeWrite<Decoder>(body, limits);
}

}  // namespace sidelight::remote_write
