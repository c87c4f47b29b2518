// ChunkedReader: finds the end of a body in the chunked transfer coding (RFC 9112 section 7.1), and counts
// its data. It reads what lenient servers read: spaces and extensions behind a size, and lines that end in LF
// alone.
//
// It is not llhttp's, which refuses a space behind a chunk's size or extension, and cannot be told that data
// went by unseen.
#pragma once

#include <cstdint>
#include <string_view>

namespace sidelight::http1 {

class ChunkedReader {
 public:
  enum class Result : uint8_t { kMore, kEnd, kInvalid };

  void Begin() { *this = ChunkedReader(); }
  // Takes bytes off the front of `bytes`: all of them, or up to and including the last of the body. Adds the
  // bytes of data among them to `data_bytes`. Not to be called again after kEnd or kInvalid.
  Result Next(std::string_view& bytes, uint64_t& data_bytes);

  // Bytes left of the chunk that we are in, framing excluded; `n` of them went by unseen.
  uint64_t Skippable() const { return state_ == State::kData ? remaining_ : 0; }
  void Skip(uint64_t n);

 private:
  enum class State : uint8_t {
    kSizeStart,     // the first digit of a chunk's size
    kSize,          // further digits
    kExtension,     // behind the size, up to the end of the line
    kSizeLf,        // the LF of that line
    kData,          //
    kDataEnd,       // the CRLF behind the data
    kDataLf,        //
    kTrailerStart,  // at the start of a trailer's line, or of the empty line that ends the body
    kTrailer,       // within such a line
    kTrailerLf,     // the LF of the empty line
  };

  bool AddDigit(int digit);

  State state_ = State::kSizeStart;
  uint64_t remaining_ = 0;  // the size while it is read, then what is left of the data
};

}  // namespace sidelight::http1
