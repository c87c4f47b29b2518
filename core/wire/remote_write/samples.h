// The parts of a series that both messages write alike, from their end to their beginning.
#pragma once

#include "core/wire/backward_writer.h"
#include "core/wire/remote_write/series.h"

namespace sidelight::remote_write {

// Each appends one field `tag` of the open series. Start times are left out where `starts` is false.
void AddSample(wire::BackwardWriter& writer, wire::BackwardWriter::Tag tag, const Sample& sample,
               bool starts);

// As integers where all counts are whole numbers, as Prometheus' own histograms are; as floats otherwise.
void AddHistogram(wire::BackwardWriter& writer, wire::BackwardWriter::Tag tag, const HistogramSample& sample,
                  bool starts);

}  // namespace sidelight::remote_write
