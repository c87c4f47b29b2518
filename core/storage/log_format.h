// The bytes of a log segment: a header, then records, each a length, a checksum, a type and as many bytes.
// docs/storage.md describes them; a segment can be read by itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/model/exemplar.h"
#include "core/model/float_histogram.h"
#include "core/model/labels.h"
#include "core/storage/memory_series.h"

namespace sidelight::storage {

inline constexpr uint32_t kLogVersion = 1;
inline constexpr size_t kLogHeaderSize = 16;
inline constexpr size_t kRecordHeaderSize = 9;
inline constexpr size_t kMostRecordBytes = 64 << 20;
inline constexpr uint32_t kMostLogSeries = 1 << 24;  // that one segment may define

std::string LogHeader();

// One batch, that is one record, as it is put together.
class BatchEncoder {
 public:
  // Begins the next record of a segment; 0 is no segment's number.
  void Begin(uint64_t segment);
  // Before the sample is appended to the series. Defines the series when the segment does not know it.
  void Add(MemorySeries& series, UnixMillis time, double value, const FloatHistogramPtr& histogram,
           UnixMillis start);
  void Add(MemorySeries& series, const Exemplar& exemplar);

  size_t samples() const { return samples_; }
  bool empty() const { return bytes_.empty(); }
  size_t size() const { return bytes_.size(); }
  // The record, ready to be written.
  std::string_view Finish();
  void Clear();

 private:
  void Head(MemorySeries& series, uint8_t kind, UnixMillis time, const UnixMillis* start);
  void Define(MemorySeries& series);

  std::string bytes_;
  std::string scratch_;
  uint64_t segment_ = 0;
  uint32_t defined_ = 0;   // series, in this segment
  uint32_t previous_ = 0;  // number of the last entry
  UnixMillis base_ = 0;
  size_t samples_ = 0;
};

// Who takes what a segment has. `number` counts from 0 in the order of the definitions.
class LogVisitor {
 public:
  virtual ~LogVisitor() = default;
  virtual void OnSeries(uint32_t number, Labels labels) = 0;
  virtual void OnFloat(uint32_t number, UnixMillis time, double value, UnixMillis start) = 0;
  virtual void OnHistogram(uint32_t number, UnixMillis time, FloatHistogramPtr histogram,
                           UnixMillis start) = 0;
  virtual void OnExemplar(uint32_t number, const Exemplar& exemplar) = 0;
  virtual void OnRecordEnd() = 0;
};

struct LogReadResult {
  enum class End : uint8_t {
    kWhole,    // every record was sound
    kTorn,     // the last one is not complete: a write that was cut off
    kCorrupt,  // bytes that are no record, and more behind them; or no header
    kNewer,    // of a version that this program does not know
  };
  End end = End::kWhole;
  size_t good = 0;  // bytes from the beginning that are sound
};

// Reads records until the end, or the first that is not sound. One whose checksum is right and which makes no
// sense all the same is visited in part.
LogReadResult ReadLog(std::string_view bytes, LogVisitor& visitor);

}  // namespace sidelight::storage
