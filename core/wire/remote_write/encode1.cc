#include "core/wire/backward_writer.h"
#include "core/wire/exposition/utf8.h"
#include "core/wire/remote_write/encode.h"
#include "core/wire/remote_write/fields.h"
#include "core/wire/remote_write/samples.h"
#include "core/wire/snappy_block.h"

namespace sidelight::remote_write {
namespace {

using wire::BackwardWriter;
using Tag = BackwardWriter::Tag;

void AddText(BackwardWriter& writer, Tag tag, std::string_view text, bool plain) {
  if (text.empty()) return;
  if (plain) {
    writer.AddBytes(tag, text);
  } else {
    writer.AddBytes(tag, wire::ToValidUtf8(text));
  }
}

void AddLabels(BackwardWriter& writer, Tag tag, const Labels& labels) {
  for (size_t i = labels.size(); i-- > 0;) {
    const Label label = labels[i];
    const size_t end = writer.size();
    AddText(writer, label_field::kValue, label.value, labels.plain());
    AddText(writer, label_field::kName, label.name, labels.plain());
    writer.CloseMessage(tag, end);
  }
}

void AddMetadata(BackwardWriter& writer, const FamilyMetadata& family) {
  const size_t end = writer.size();
  AddText(writer, metadata1_field::kUnit, family.metadata.unit, false);
  AddText(writer, metadata1_field::kHelp, family.metadata.help, false);
  AddText(writer, metadata1_field::kFamily, family.family, false);
  writer.AddVarint(metadata1_field::kType, static_cast<uint64_t>(family.metadata.type));
  writer.CloseMessage(write_request_field::kMetadata, end);
}

void AddSeries(BackwardWriter& writer, const Series& series, bool histograms) {
  const size_t end = writer.size();
  if (histograms) {
    for (size_t i = series.histograms.size(); i-- > 0;) {
      AddHistogram(writer, series1_field::kHistograms, series.histograms[i], false);
    }
  }
  for (size_t i = series.exemplars.size(); i-- > 0;) {
    const Exemplar& exemplar = series.exemplars[i];
    const size_t exemplar_end = writer.size();
    writer.AddVarint(exemplar_field::kTimestamp, static_cast<uint64_t>(exemplar.time));
    writer.AddDouble(exemplar_field::kValue, exemplar.value);
    AddLabels(writer, exemplar_field::kLabels, exemplar.labels);
    writer.CloseMessage(series1_field::kExemplars, exemplar_end);
  }
  for (size_t i = series.samples.size(); i-- > 0;) {
    AddSample(writer, series1_field::kSamples, series.samples[i], false);
  }
  AddLabels(writer, series1_field::kLabels, series.labels);
  writer.CloseMessage(write_request_field::kTimeSeries, end);
}

}  // namespace

EncodedWrite Encode1(std::span<const Series> series, std::span<const FamilyMetadata> metadata,
                     const Encode1Options& options) {
  EncodedWrite out;
  BackwardWriter writer;
  for (size_t i = metadata.size(); i-- > 0;) AddMetadata(writer, metadata[i]);
  for (size_t i = series.size(); i-- > 0;) {
    const Series& one = series[i];
    if (!options.native_histograms) out.left_out += one.histograms.size();
    const size_t histograms = options.native_histograms ? one.histograms.size() : 0;
    if (one.samples.size() + histograms == 0) continue;
    AddSeries(writer, one, options.native_histograms);
    out.samples += one.samples.size();
    out.histograms += histograms;
    out.exemplars += one.exemplars.size();
  }
  out.raw_bytes = writer.size();
  out.body = wire::SnappyCompress(writer.written());
  return out;
}

}  // namespace sidelight::remote_write
