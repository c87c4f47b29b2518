#include "core/wire/backward_writer.h"
#include "core/wire/remote_write/encode.h"
#include "core/wire/remote_write/fields.h"
#include "core/wire/remote_write/samples.h"
#include "core/wire/remote_write/symbols.h"
#include "core/wire/snappy_block.h"

namespace sidelight::remote_write {
namespace {

using wire::BackwardWriter;
using Tag = BackwardWriter::Tag;

void AddRefs(BackwardWriter& writer, Tag tag, const std::vector<uint32_t>& refs) {
  if (refs.empty()) return;
  const size_t end = writer.size();
  for (size_t i = refs.size(); i-- > 0;) writer.PushVarint(refs[i]);
  writer.CloseMessage(tag, end);
}

void AddMetadata(BackwardWriter& writer, Symbols& symbols, const Metadata& metadata) {
  if (metadata == Metadata{}) return;
  const size_t end = writer.size();
  if (!metadata.unit.empty()) writer.AddVarint(metadata2_field::kUnitRef, symbols.Of(metadata.unit));
  if (!metadata.help.empty()) writer.AddVarint(metadata2_field::kHelpRef, symbols.Of(metadata.help));
  writer.AddVarint(metadata2_field::kType, static_cast<uint64_t>(metadata.type));
  writer.CloseMessage(series2_field::kMetadata, end);
}

void AddSeries(BackwardWriter& writer, Symbols& symbols, const Series& series) {
  const size_t end = writer.size();
  AddMetadata(writer, symbols, series.metadata);
  for (size_t i = series.exemplars.size(); i-- > 0;) {
    const Exemplar& exemplar = series.exemplars[i];
    const size_t exemplar_end = writer.size();
    writer.AddVarint(exemplar_field::kTimestamp, static_cast<uint64_t>(exemplar.time));
    writer.AddDouble(exemplar_field::kValue, exemplar.value);
    AddRefs(writer, exemplar_field::kLabels, symbols.Of(exemplar.labels));
    writer.CloseMessage(series2_field::kExemplars, exemplar_end);
  }
  for (size_t i = series.histograms.size(); i-- > 0;) {
    AddHistogram(writer, series2_field::kHistograms, series.histograms[i], true);
  }
  for (size_t i = series.samples.size(); i-- > 0;) {
    AddSample(writer, series2_field::kSamples, series.samples[i], true);
  }
  AddRefs(writer, series2_field::kLabelsRefs, symbols.Of(series.labels));
  writer.CloseMessage(request_field::kTimeSeries, end);
}

}  // namespace

EncodedWrite Encode2(std::span<const Series> series) {
  EncodedWrite out;
  Symbols symbols;
  BackwardWriter writer;
  for (size_t i = series.size(); i-- > 0;) {
    const Series& one = series[i];
    if (one.samples.empty() && one.histograms.empty()) continue;
    AddSeries(writer, symbols, one);
    out.samples += one.samples.size();
    out.histograms += one.histograms.size();
    out.exemplars += one.exemplars.size();
  }
  // Whoever writes backwards knows all symbols when their turn comes.
  const std::vector<std::string_view>& texts = symbols.texts();
  for (size_t i = texts.size(); i-- > 0;) writer.AddBytes(request_field::kSymbols, texts[i]);
  out.raw_bytes = writer.size();
  out.body = wire::SnappyCompress(writer.written());
  return out;
}

}  // namespace sidelight::remote_write
