#include "core/storage/log_format.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "core/base/crc32c.h"
#include "core/model/stale.h"
#include "core/storage/histogram_encoding.h"
#include "core/storage/varint.h"
#include "core/storage/whole_number.h"

namespace sidelight::storage {
namespace {

constexpr std::string_view kMagic = "SLSTORE\n";
constexpr uint8_t kBatch = 1;  // the only type of record

// The low three bits of an entry's first byte.
enum EntryKind : uint8_t {
  kDefine = 0,     // a series: its labels
  kChange = 1,     // a whole number: zigzag varint of how its step changes; the first one of a series itself
  kRaw = 2,        // any other number: eight bytes
  kStaleMark = 3,  // a stale marker
  kHistogram = 4,  // flags, length, and a chunk stream of one sample
  kExemplar = 5,   // trace and span identifier, value
  kSteady = 6,     // a whole number whose step does not change
};
constexpr uint8_t kKindMask = 0x07;
// The others say what follows that byte; what does not follow is as was to be expected.
constexpr uint8_t kHasNumber =
    0x08;  // zigzag varint: the series' number minus that of the entry before, minus 1
constexpr uint8_t kHasTime = 0x10;   // zigzag varint: minus the record's time
constexpr uint8_t kHasStart = 0x20;  // zigzag varint: minus the series' last one in this segment

constexpr uint8_t kResetMask = 0x03;  // of a histogram's flags: its mark
constexpr uint8_t kFractional = 0x04;

constexpr size_t kMostLabels = 1024;

void PutFixed32(uint32_t v, char* out) {
  for (int i = 0; i < 4; ++i) out[i] = static_cast<char>(v >> (8 * i));
}

uint32_t GetFixed32(std::string_view bytes) {
  uint32_t v = 0;
  for (size_t i = 0; i < 4; ++i) v |= static_cast<uint32_t>(static_cast<uint8_t>(bytes[i])) << (8 * i);
  return v;
}

void PutText(std::string* out, std::string_view text) {
  PutVarint(out, text.size());
  out->append(text);
}

void PutDouble(std::string* out, double value) {
  char bytes[sizeof(value)];
  std::memcpy(bytes, &value, sizeof(value));
  out->append(bytes, sizeof(value));
}

}  // namespace

std::string LogHeader() {
  std::string header(kMagic);
  header.resize(kLogHeaderSize);
  PutFixed32(kLogVersion, header.data() + 8);
  PutFixed32(Crc32c(std::string_view(header).substr(0, 12)), header.data() + 12);
  return header;
}

void BatchEncoder::Begin(uint64_t segment) {
  if (segment != segment_) defined_ = 0;
  segment_ = segment;
  Clear();
}

void BatchEncoder::Clear() {
  bytes_.clear();
  samples_ = 0;
  previous_ = UINT32_MAX;
}

void BatchEncoder::Define(MemorySeries& series) {
  series.log = {.segment = segment_, .number = defined_++};
  bytes_.push_back(kDefine);
  PutVarint(&bytes_, series.labels().size());
  for (const Label label : series.labels()) {
    PutText(&bytes_, label.name);
    PutText(&bytes_, label.value);
  }
}

void BatchEncoder::Head(MemorySeries& series, uint8_t kind, UnixMillis time, const UnixMillis* start) {
  if (bytes_.empty()) {
    base_ = time;
    bytes_.assign(kRecordHeaderSize, '\0');
    PutVarint(&bytes_, ZigZag(time));
  }
  if (series.log.segment != segment_) Define(series);
  const uint32_t skipped = series.log.number - (previous_ + 1);
  const int64_t from_base = WrappingSub(time, base_);
  const int64_t start_change = start == nullptr ? 0 : WrappingSub(*start, series.log.start);
  uint8_t bytes[1 + 3 * kMaxVarintSize];
  uint8_t* end = bytes;
  *end++ = static_cast<uint8_t>(kind | (skipped != 0 ? kHasNumber : 0) | (from_base != 0 ? kHasTime : 0) |
                                (start_change != 0 ? kHasStart : 0));
  if (skipped != 0) end = PutVarint(end, ZigZag(static_cast<int32_t>(skipped)));
  if (from_base != 0) end = PutVarint(end, ZigZag(from_base));
  if (start_change != 0) end = PutVarint(end, ZigZag(start_change));
  bytes_.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(end - bytes));
  previous_ = series.log.number;
  if (start != nullptr) series.log.start = *start;
}

void BatchEncoder::Add(MemorySeries& series, UnixMillis time, double value,
                       const FloatHistogramPtr& histogram, UnixMillis start) {
  ++samples_;
  if (histogram == nullptr ? IsStale(value) : IsStale(histogram->sum)) {
    Head(series, kStaleMark, time, &start);
    return;
  }
  if (histogram != nullptr) {
    const bool fractional = HasFractions(*histogram);
    scratch_.clear();
    HistogramEncoder encoder;
    encoder.Begin(time, *histogram, fractional, &scratch_);
    encoder.Append(time, histogram, 0, &scratch_);
    Head(series, kHistogram, time, &start);
    bytes_.push_back(
        static_cast<char>(static_cast<uint8_t>(histogram->counter_reset) | (fractional ? kFractional : 0)));
    PutText(&bytes_, scratch_);
    return;
  }
  int64_t whole = 0;
  if (!ToWhole(value, &whole)) {
    Head(series, kRaw, time, &start);
    PutDouble(&bytes_, value);
    return;
  }
  const bool known = series.log.segment == segment_ && series.log.started;
  const int64_t step = known ? whole - series.log.whole : 0;
  const int64_t change = known ? step - series.log.whole_step : whole;
  Head(series, known && change == 0 ? kSteady : kChange, time, &start);
  if (!known || change != 0) PutVarint(&bytes_, ZigZag(change));
  series.log.started = true;
  series.log.whole = whole;
  series.log.whole_step = step;
}

void BatchEncoder::Add(MemorySeries& series, const Exemplar& exemplar) {
  Head(series, kExemplar, exemplar.time, nullptr);
  bytes_.append(reinterpret_cast<const char*>(exemplar.id.trace.data()), exemplar.id.trace.size());
  bytes_.append(reinterpret_cast<const char*>(exemplar.id.span.data()), exemplar.id.span.size());
  PutDouble(&bytes_, exemplar.value);
}

std::string_view BatchEncoder::Finish() {
  char* const head = bytes_.data();
  head[8] = kBatch;
  PutFixed32(static_cast<uint32_t>(bytes_.size() - kRecordHeaderSize), head);
  PutFixed32(Crc32c(std::string_view(bytes_).substr(8)), head + 4);
  return bytes_;
}

namespace {

class BatchReader {
 public:
  explicit BatchReader(LogVisitor& visitor) : visitor_(visitor) {}

  // False when the payload makes no sense.
  bool Read(std::string_view payload) {
    in_ = reinterpret_cast<const uint8_t*>(payload.data());
    end_ = in_ + payload.size();
    if (!GetSigned(&base_)) return false;
    int64_t previous = -1;
    while (in_ != end_) {
      const uint8_t code = *in_++;
      if ((code & kKindMask) == kDefine) {
        if (code != kDefine || !Define()) return false;
        continue;
      }
      int64_t skipped = 0;
      int64_t from_base = 0;
      int64_t start_change = 0;
      if ((code & kHasNumber) != 0 && !GetSigned(&skipped)) return false;
      if ((code & kHasTime) != 0 && !GetSigned(&from_base)) return false;
      if ((code & kHasStart) != 0 && !GetSigned(&start_change)) return false;
      const int64_t number = WrappingAdd(WrappingAdd(previous, skipped), 1);
      if (number < 0 || number >= static_cast<int64_t>(series_.size())) return false;
      previous = number;
      SeriesState& state = series_[static_cast<size_t>(number)];
      state.start = WrappingAdd(state.start, start_change);
      if (!Sample(code, static_cast<uint32_t>(number), WrappingAdd(base_, from_base), &state)) return false;
    }
    visitor_.OnRecordEnd();
    return true;
  }

 private:
  struct SeriesState {
    bool started = false;
    int64_t whole = 0;
    int64_t whole_step = 0;
    UnixMillis start = 0;
  };

  bool GetUnsigned(uint64_t* v) {
    const uint8_t* const next = GetVarint(in_, end_, v);
    if (next != nullptr) in_ = next;
    return next != nullptr;
  }
  bool GetSigned(int64_t* v) {
    uint64_t folded = 0;
    if (!GetUnsigned(&folded)) return false;
    *v = UnZigZag(folded);
    return true;
  }
  bool GetBytes(size_t size, std::string_view* bytes) {
    if (static_cast<size_t>(end_ - in_) < size) return false;
    *bytes = {reinterpret_cast<const char*>(in_), size};
    in_ += size;
    return true;
  }
  bool GetText(std::string_view* text) {
    uint64_t size = 0;
    return GetUnsigned(&size) && size <= static_cast<size_t>(end_ - in_) && GetBytes(size, text);
  }
  bool GetDouble(double* value) {
    std::string_view bytes;
    if (!GetBytes(sizeof(*value), &bytes)) return false;
    std::memcpy(value, bytes.data(), sizeof(*value));
    return true;
  }

  bool Define() {
    uint64_t size = 0;
    if (!GetUnsigned(&size) || size == 0 || size > kMostLabels || series_.size() >= kMostLogSeries)
      return false;
    std::vector<Label> labels(size);
    for (Label& label : labels) {
      if (!GetText(&label.name) || !GetText(&label.value)) return false;
    }
    Labels made{std::span<const Label>(labels)};
    if (made.size() != labels.size()) return false;
    visitor_.OnSeries(static_cast<uint32_t>(series_.size()), std::move(made));
    series_.emplace_back();
    return true;
  }

  bool Sample(uint8_t code, uint32_t number, UnixMillis time, SeriesState* state) {
    if ((code & ~(kKindMask | kHasNumber | kHasTime | kHasStart)) != 0) return false;
    switch (code & kKindMask) {
      case kChange: {
        int64_t change = 0;
        if (!GetSigned(&change)) return false;
        if (state->started) state->whole_step = WrappingAdd(state->whole_step, change);
        state->whole = WrappingAdd(state->whole, state->started ? state->whole_step : change);
        state->started = true;
        visitor_.OnFloat(number, time, static_cast<double>(state->whole), state->start);
        return true;
      }
      case kSteady:
        if (!state->started) return false;
        state->whole = WrappingAdd(state->whole, state->whole_step);
        visitor_.OnFloat(number, time, static_cast<double>(state->whole), state->start);
        return true;
      case kRaw: {
        double value = 0;
        if (!GetDouble(&value)) return false;
        visitor_.OnFloat(number, time, value, state->start);
        return true;
      }
      case kStaleMark:
        visitor_.OnFloat(number, time, StaleNan(), state->start);
        return true;
      case kHistogram:
        return ReadHistogram(number, time, state->start);
      case kExemplar: {
        Exemplar exemplar;
        std::string_view trace;
        std::string_view span;
        if (!GetBytes(exemplar.id.trace.size(), &trace) || !GetBytes(exemplar.id.span.size(), &span) ||
            !GetDouble(&exemplar.value)) {
          return false;
        }
        std::memcpy(exemplar.id.trace.data(), trace.data(), trace.size());
        std::memcpy(exemplar.id.span.data(), span.data(), span.size());
        exemplar.time = time;
        visitor_.OnExemplar(number, exemplar);
        return true;
      }
      default:
        return false;
    }
  }

  bool ReadHistogram(uint32_t number, UnixMillis time, UnixMillis start) {
    std::string_view flags;
    std::string_view stream;
    if (!GetBytes(1, &flags) || !GetText(&stream)) return false;
    const auto bits = static_cast<uint8_t>(flags[0]);
    if ((bits & ~(kResetMask | kFractional)) != 0) return false;
    const ChunkTraits traits{.kind = ChunkKind::kHistograms, .fractional = (bits & kFractional) != 0};
    Samples samples;
    const std::span<const uint8_t> bytes(reinterpret_cast<const uint8_t*>(stream.data()), stream.size());
    if (!DecodeHistograms(bytes, 1, traits, time, time, time, &samples) || samples.histograms.size() != 1) {
      return false;
    }
    auto histogram = std::make_shared<FloatHistogram>(*samples.histograms[0]);
    histogram->counter_reset = static_cast<CounterReset>(bits & kResetMask);
    if (!histogram->Validate()) return false;
    visitor_.OnHistogram(number, time, std::move(histogram), start);
    return true;
  }

  LogVisitor& visitor_;
  const uint8_t* in_ = nullptr;
  const uint8_t* end_ = nullptr;
  UnixMillis base_ = 0;
  std::vector<SeriesState> series_;
};

bool AllZero(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == 0; });
}

}  // namespace

LogReadResult ReadLog(std::string_view bytes, LogVisitor& visitor) {
  using End = LogReadResult::End;
  const size_t magic = std::min(bytes.size(), kMagic.size());
  if (bytes.size() < kLogHeaderSize) {
    return {bytes.substr(0, magic) == kMagic.substr(0, magic) || AllZero(bytes) ? End::kTorn : End::kCorrupt,
            0};
  }
  if (!bytes.starts_with(kMagic)) return {AllZero(bytes) ? End::kTorn : End::kCorrupt, 0};
  if (GetFixed32(bytes.substr(12)) != Crc32c(bytes.substr(0, 12))) return {End::kCorrupt, 0};
  if (GetFixed32(bytes.substr(8)) > kLogVersion) return {End::kNewer, 0};

  BatchReader batches(visitor);
  size_t at = kLogHeaderSize;
  while (at < bytes.size()) {
    const std::string_view rest = bytes.substr(at);
    // A file system may bring back a file whose end was never written as zeros.
    if (rest.size() < kRecordHeaderSize || AllZero(rest)) return {End::kTorn, at};
    const size_t size = GetFixed32(rest);
    if (size > kMostRecordBytes) return {End::kCorrupt, at};
    if (size > rest.size() - kRecordHeaderSize) return {End::kTorn, at};
    const std::string_view record = rest.substr(8, 1 + size);
    const bool last = kRecordHeaderSize + size == rest.size();
    if (GetFixed32(rest.substr(4)) != Crc32c(record)) return {last ? End::kTorn : End::kCorrupt, at};
    if (record[0] != static_cast<char>(kBatch) || !batches.Read(record.substr(1))) return {End::kCorrupt, at};
    at += kRecordHeaderSize + size;
  }
  return {End::kWhole, at};
}

}  // namespace sidelight::storage
