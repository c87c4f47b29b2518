#include "collector/protocols/http1/chunked.h"

#include <algorithm>
#include <cassert>

namespace sidelight::http1 {
namespace {

// No server counts further than this; a size beyond it is an attack or no size.
constexpr uint64_t kMaxChunk = INT64_MAX;

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

bool ChunkedReader::AddDigit(int digit) {
  if (remaining_ > kMaxChunk >> 4) return false;
  remaining_ = remaining_ << 4 | static_cast<uint64_t>(digit);
  return true;
}

ChunkedReader::Result ChunkedReader::Next(std::string_view& bytes, uint64_t& data_bytes) {
  while (!bytes.empty()) {
    const char c = bytes[0];
    switch (state_) {
      case State::kData: {
        const uint64_t taken = std::min<uint64_t>(remaining_, bytes.size());
        data_bytes += taken;
        bytes.remove_prefix(taken);
        Skip(taken);
        continue;
      }
      case State::kTrailer: {
        const size_t lf = bytes.find('\n');
        bytes.remove_prefix(lf == std::string_view::npos ? bytes.size() : lf + 1);
        if (lf != std::string_view::npos) state_ = State::kTrailerStart;
        continue;
      }
      case State::kSizeStart:
        remaining_ = 0;
        if (HexDigit(c) < 0) return Result::kInvalid;
        remaining_ = static_cast<uint64_t>(HexDigit(c));
        state_ = State::kSize;
        break;
      case State::kSize:
        if (const int digit = HexDigit(c); digit >= 0) {
          if (!AddDigit(digit)) return Result::kInvalid;
          break;
        }
        if (c != ';' && c != ' ' && c != '\t' && c != '\r' && c != '\n') return Result::kInvalid;
        state_ = State::kExtension;
        continue;
      case State::kExtension:
        if (c == '\r') state_ = State::kSizeLf;
        if (c == '\n') state_ = remaining_ == 0 ? State::kTrailerStart : State::kData;
        break;
      case State::kSizeLf:
        if (c != '\n') return Result::kInvalid;
        state_ = remaining_ == 0 ? State::kTrailerStart : State::kData;
        break;
      case State::kDataEnd:
        if (c != '\r' && c != '\n') return Result::kInvalid;
        state_ = c == '\r' ? State::kDataLf : State::kSizeStart;
        break;
      case State::kDataLf:
        if (c != '\n') return Result::kInvalid;
        state_ = State::kSizeStart;
        break;
      case State::kTrailerStart:
        if (c == '\n') {
          bytes.remove_prefix(1);
          return Result::kEnd;
        }
        state_ = c == '\r' ? State::kTrailerLf : State::kTrailer;
        break;
      case State::kTrailerLf:
        if (c != '\n') return Result::kInvalid;
        bytes.remove_prefix(1);
        return Result::kEnd;
    }
    bytes.remove_prefix(1);
  }
  return Result::kMore;
}

void ChunkedReader::Skip(uint64_t n) {
  assert(state_ == State::kData && n <= remaining_);
  remaining_ -= n;
  if (remaining_ == 0) state_ = State::kDataEnd;
}

}  // namespace sidelight::http1
