// The decoders of remote write, for whoever receives it.
//
// Strict where a message contradicts itself (a reference beyond the symbols, an odd number of references, a
// name that is empty or comes twice, samples beside histograms in 2.0, spans that do not fit their buckets);
// fields that are unknown are skipped. Whether labels and times are in order is not judged: Labels sorts.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/wire/remote_write/series.h"

namespace sidelight::remote_write {

// Of a request, uncompressed: what Prometheus' receivers allow.
inline constexpr size_t kMaxDecodedBytes = size_t{32} << 20;

struct DecodeLimits {
  size_t max_decoded_bytes = kMaxDecodedBytes;
  size_t max_memory = size_t{256} << 20;  // of what it becomes
};

struct Write1 {
  std::vector<Series> series;
  std::vector<FamilyMetadata> metadata;
};

// kLimit for one of the limits, kInvalidArgument for what is no such message. Thread-safe.
Result<Write1> Decode1(std::string_view body, const DecodeLimits& limits = {});
Result<std::vector<Series>> Decode2(std::string_view body, const DecodeLimits& limits = {});

}  // namespace sidelight::remote_write
