// Feeds the reader of log segments anything, as it is and with the checksums of its records set right, so
// that what is behind them is reached too: it must never read beyond its input, and only tell of series that
// were defined. What it calls sound must be sound again when it is read by itself.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/base/crc32c.h"
#include "core/storage/log_format.h"

using namespace sidelight;
using namespace sidelight::storage;

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

class Visitor final : public LogVisitor {
 public:
  void OnSeries(uint32_t number, Labels labels) override {
    Require(number == series_ && !labels.empty());
    ++series_;
  }
  void OnFloat(uint32_t number, UnixMillis /*time*/, double /*value*/, UnixMillis /*start*/) override {
    Require(number < series_);
  }
  void OnHistogram(uint32_t number, UnixMillis /*time*/, FloatHistogramPtr histogram,
                   UnixMillis /*start*/) override {
    Require(number < series_ && histogram != nullptr);
  }
  void OnExemplar(uint32_t number, const Exemplar& /*exemplar*/) override { Require(number < series_); }
  void OnRecordEnd() override {}

 private:
  uint32_t series_ = 0;
};

void Read(std::string_view bytes) {
  Visitor visitor;
  const LogReadResult read = ReadLog(bytes, visitor);
  Require(read.good <= bytes.size());
  Require((read.end == LogReadResult::End::kWhole) ==
          (read.good == bytes.size() && read.good >= kLogHeaderSize));
  if (read.good == 0) return;
  Visitor again;
  Require(ReadLog(bytes.substr(0, read.good), again).end == LogReadResult::End::kWhole);
}

// The header and the checksums as they should be, as far as the lengths lead.
std::string Repaired(std::string bytes) {
  const std::string header = LogHeader();
  if (bytes.size() < header.size()) return bytes;
  bytes.replace(0, header.size(), header);
  for (size_t at = header.size(); at + kRecordHeaderSize <= bytes.size();) {
    size_t size = 0;
    for (size_t i = 0; i < 4; ++i)
      size |= static_cast<size_t>(static_cast<uint8_t>(bytes[at + i])) << (8 * i);
    if (size > bytes.size() - at - kRecordHeaderSize) {
      // Everything that is left is its payload.
      size = bytes.size() - at - kRecordHeaderSize;
      for (size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<char>(size >> (8 * i));
    }
    bytes[at + 8] = 1;
    const uint32_t crc = Crc32c(std::string_view(bytes).substr(at + 8, 1 + size));
    for (size_t i = 0; i < 4; ++i) bytes[at + 4 + i] = static_cast<char>(crc >> (8 * i));
    at += kRecordHeaderSize + size;
  }
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Read(bytes);
  Read(Repaired(std::string(bytes)));
  return 0;
}
