#include "core/wire/remote_write/decode.h"
#include "core/wire/remote_write/reading.h"

namespace sidelight::remote_write {
namespace {

using protozero::pbf_reader;

class Decoder {
 public:
  explicit Decoder(size_t max_memory) : budget_(max_memory) {}

  Write1 Read(pbf_reader message) {
    Write1 out;
    while (message.next()) {
      switch (message.tag_and_type()) {
        case Text(write_request_field::kTimeSeries):
          ReadSeries(message.get_message(), &budget_.Append(out.series));
          break;
        case Text(write_request_field::kMetadata):
          ReadMetadata(message.get_message(), &budget_.Append(out.metadata));
          break;
        default:
          message.skip();
      }
    }
    return out;
  }

 private:
  void ReadSeries(pbf_reader message, Series* out) {
    std::vector<Label> labels;
    while (message.next()) {
      switch (message.tag_and_type()) {
        case Text(series1_field::kLabels):
          AddLabel(message.get_message(), &labels);
          break;
        case Text(series1_field::kSamples):
          budget_.Append(out->samples) = ReadSample(message.get_message());
          break;
        case Text(series1_field::kExemplars):
          ReadExemplar(message.get_message(), &budget_.Append(out->exemplars));
          break;
        case Text(series1_field::kHistograms):
          budget_.Append(out->histograms) = ReadHistogram(message.get_message(), budget_);
          break;
        default:
          message.skip();
      }
    }
    out->labels = MakeLabels(budget_, labels);
  }

  void AddLabel(pbf_reader message, std::vector<Label>* out) {
    Label& label = budget_.Append(*out);
    while (message.next()) {
      switch (message.tag_and_type()) {
        case Text(label_field::kName):
          label.name = TakeText(message);
          break;
        case Text(label_field::kValue):
          label.value = TakeText(message);
          break;
        default:
          message.skip();
      }
    }
  }

  void ReadExemplar(pbf_reader message, Exemplar* out) {
    std::vector<Label> labels;
    while (message.next()) {
      switch (message.tag_and_type()) {
        case Text(exemplar_field::kLabels):
          AddLabel(message.get_message(), &labels);
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
    out->labels = MakeLabels(budget_, labels);
  }

  void ReadMetadata(pbf_reader message, FamilyMetadata* out) {
    const auto take = [&](std::string* text) {
      const std::string_view view = TakeText(message);
      budget_.Charge(view.size());
      *text = view;
    };
    while (message.next()) {
      switch (message.tag_and_type()) {
        case Varint(metadata1_field::kType):
          out->metadata.type = TakeType(message);
          break;
        case Text(metadata1_field::kFamily):
          take(&out->family);
          break;
        case Text(metadata1_field::kHelp):
          take(&out->metadata.help);
          break;
        case Text(metadata1_field::kUnit):
          take(&out->metadata.unit);
          break;
        default:
          message.skip();
      }
    }
  }

  wire::MemoryBudget budget_;
};

}  // namespace

Result<Write1> Decode1(std::string_view body, const DecodeLimits& limits) {
  return DecodeWrite<Decoder>(body, limits);
}

}  // namespace sidelight::remote_write
