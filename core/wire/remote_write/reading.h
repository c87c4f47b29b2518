// What the decoders of both messages read alike. They throw wire::Refused and protozero's exceptions, which
// DecodeWrite() makes an Error of.
#pragma once

#include <protozero/exception.hpp>
#include <protozero/pbf_reader.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/wire/memory_budget.h"
#include "core/wire/remote_write/decode.h"
#include "core/wire/remote_write/fields.h"
#include "core/wire/remote_write/series.h"
#include "core/wire/snappy_block.h"

namespace sidelight::remote_write {

// What pbf_reader::tag_and_type() says of a field of that type.
constexpr uint32_t Text(FieldTag tag) {
  return protozero::tag_and_type(tag, protozero::pbf_wire_type::length_delimited);
}
constexpr uint32_t Fixed(FieldTag tag) {
  return protozero::tag_and_type(tag, protozero::pbf_wire_type::fixed64);
}
constexpr uint32_t Varint(FieldTag tag) {
  return protozero::tag_and_type(tag, protozero::pbf_wire_type::varint);
}

[[noreturn]] void Refuse(std::string problem);

// UTF-8, of the message, which outlives it.
std::string_view TakeText(protozero::pbf_reader& message);
// A number that is no type is kUnspecified.
MetadataType TakeType(protozero::pbf_reader& message);

// Sorts `labels`, and refuses what no label set can be. Charges what it copies.
Labels MakeLabels(wire::MemoryBudget& budget, std::vector<Label>& labels);

Sample ReadSample(protozero::pbf_reader message);
HistogramSample ReadHistogram(protozero::pbf_reader message, wire::MemoryBudget& budget);

// Uncompresses `body` and has a Decoder, made with the memory it may use, read it.
template <class Decoder>
auto DecodeWrite(std::string_view body, const DecodeLimits& limits)
    -> Result<decltype(std::declval<Decoder>().Read(protozero::pbf_reader()))> {
  const std::string prefix = "remote write: ";
  const Result<std::string> bytes = wire::SnappyUncompress(body, limits.max_decoded_bytes);
  if (!bytes) return Fail(bytes.error().code, prefix + bytes.error().message);
  try {
    return Decoder(limits.max_memory).Read(protozero::pbf_reader(*bytes));
  } catch (const wire::Refused& refused) {
    return Fail(refused.error.code, prefix + refused.error.message);
  } catch (const protozero::exception& broken) {
    return Fail(ErrorCode::kInvalidArgument, prefix + "not a protobuf message: " + broken.what());
  }
}

}  // namespace sidelight::remote_write
