#include "collector/protocols/memcached/line.h"

namespace sidelight::memcached {
namespace {

// What is kept of the memory of a line that came in pieces.
constexpr size_t kKept = 256;

}  // namespace

std::string_view WithoutCr(std::string_view line) {
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

LineReader::Result LineReader::Next(std::string_view& bytes, std::string_view& line) {
  if (done_) {
    done_ = false;
    carry_.clear();
    if (carry_.capacity() > kKept) carry_.shrink_to_fit();
  }
  const size_t length = bytes.find('\n');
  const bool whole = length != std::string_view::npos;
  const std::string_view piece = bytes.substr(0, length);
  if (carry_.size() + piece.size() > kMaxLine) return Result::kTooLong;
  bytes.remove_prefix(whole ? length + 1 : bytes.size());
  if (whole && carry_.empty()) {
    line = WithoutCr(piece);
    return Result::kLine;
  }
  carry_.append(piece);
  if (!whole) return Result::kMore;
  done_ = true;
  line = WithoutCr(carry_);
  return Result::kLine;
}

}  // namespace sidelight::memcached
