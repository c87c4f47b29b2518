#include "core/wire/gzip.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <random>

namespace sidelight::wire {
namespace {

std::string Gunzip(const std::string& packed, size_t size) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, MAX_WBITS + 16), Z_OK);
  std::string out(size + 1, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  EXPECT_EQ(stream.avail_in, 0u) << "one member and nothing after it";
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

TEST(Gzip, UnpacksToWhatWentIn) {
  std::mt19937 random(1);
  // Sizes around the writer's block, compressible and not.
  for (const size_t size : {0, 1, 100, 32 * 1024 - 1, 32 * 1024, 32 * 1024 + 1, 1'000'000}) {
    for (const bool noise : {false, true}) {
      std::string data(size, 'a');
      if (noise) {
        for (char& c : data) c = static_cast<char>(random());
      }
      const Result<std::string> packed = Gzip(data);
      ASSERT_TRUE(packed.has_value());
      EXPECT_TRUE(Gunzip(*packed, size) == data) << size << (noise ? " noise" : "");
      if (!noise && size > 1000) {
        EXPECT_LT(packed->size(), size / 50);
      }
    }
  }
}

TEST(Gzip, SaysWhatZlibRefuses) {
  const Result<std::string> packed = Gzip("x", 77);
  ASSERT_FALSE(packed.has_value());
  EXPECT_EQ(packed.error().code, ErrorCode::kInternal);
  EXPECT_EQ(packed.error().message, "gzip: stream error");
}

}  // namespace
}  // namespace sidelight::wire
