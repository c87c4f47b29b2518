// The encoders of remote write: the body of a request, ready to be sent, compressed with snappy's block
// format.
//
// Source: https://prometheus.io/docs/specs/prw/remote_write_spec/ (1.0, prometheus.WriteRequest) and
// .../remote_write_spec_2_0/ (2.0-rc.4, io.prometheus.write.v2.Request).
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "core/wire/remote_write/series.h"

namespace sidelight::remote_write {

struct EncodedWrite {
  std::string body;      // compressed
  size_t raw_bytes = 0;  // before that; receivers refuse more than kMaxDecodedBytes
  size_t samples = 0;    // in it
  size_t histograms = 0;
  size_t exemplars = 0;
  size_t left_out = 0;  // histograms that the message cannot say
};

struct Encode1Options {
  // 1.0 knows no native histograms. Prometheus from 2.40, Mimir and others take them in the message all the
  // same.
  bool native_histograms = false;
};

// Labels inline; `metadata` apart; start times unsaid. A series of which nothing is left is left out.
EncodedWrite Encode1(std::span<const Series> series, std::span<const FamilyMetadata> metadata = {},
                     const Encode1Options& options = {});

// Each text once, in a table of symbols that the series refer to; start times and metadata with each series.
EncodedWrite Encode2(std::span<const Series> series);

}  // namespace sidelight::remote_write
