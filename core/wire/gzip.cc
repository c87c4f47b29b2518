#include "core/wire/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

namespace sidelight::wire {
namespace {

constexpr int kGzipHeader = 16;  // added to the window's bits: a gzip header and trailer, not zlib's
constexpr int kMemoryLevel = 8;  // zlib's default

Error ZlibError(const z_stream& stream, int code) {
  return {ErrorCode::kInternal, std::string("gzip: ") + (stream.msg != nullptr ? stream.msg : zError(code))};
}

}  // namespace

Result<std::string> Gzip(std::string_view data, int level) {
  z_stream stream{};
  int code =
      deflateInit2(&stream, level, Z_DEFLATED, MAX_WBITS + kGzipHeader, kMemoryLevel, Z_DEFAULT_STRATEGY);
  if (code != Z_OK) return tl::unexpected(ZlibError(stream, code));

  std::string out;
  char chunk[32 * 1024];
  do {
    // zlib counts in 32 bits, so a larger input goes in pieces.
    const size_t piece = std::min<size_t>(data.size(), std::numeric_limits<uInt>::max());
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
    stream.avail_in = static_cast<uInt>(piece);
    const int flush = piece == data.size() ? Z_FINISH : Z_NO_FLUSH;
    data.remove_prefix(piece);
    do {
      stream.next_out = reinterpret_cast<Bytef*>(chunk);
      stream.avail_out = sizeof(chunk);
      code = deflate(&stream, flush);
      out.append(chunk, sizeof(chunk) - stream.avail_out);
    } while (code == Z_OK && stream.avail_out == 0);
  } while (code == Z_OK && !data.empty());

  const bool done = code == Z_STREAM_END;
  Error error = done ? Error{} : ZlibError(stream, code);
  deflateEnd(&stream);
  if (!done) return tl::unexpected(std::move(error));
  return out;
}

}  // namespace sidelight::wire
