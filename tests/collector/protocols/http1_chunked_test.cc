#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "collector/protocols/http1/chunked.h"

namespace sidelight::http1 {
namespace {

using Result = ChunkedReader::Result;

// "end 5, 3 left" or "invalid" or "more 5".
std::string Read(std::string_view bytes, size_t piece, bool skip) {
  ChunkedReader reader;
  reader.Begin();
  uint64_t data = 0;
  while (!bytes.empty()) {
    std::string_view shown = bytes.substr(0, piece);
    if (const uint64_t n = std::min<uint64_t>(reader.Skippable(), bytes.size()); skip && n > 0) {
      reader.Skip(n);
      data += n;
      bytes.remove_prefix(n);
      continue;
    }
    const size_t before = shown.size();
    const Result result = reader.Next(shown, data);
    bytes.remove_prefix(before - shown.size());
    if (result == Result::kInvalid) return "invalid";
    if (result == Result::kEnd)
      return "end " + std::to_string(data) + ", " + std::to_string(bytes.size()) + " left";
    EXPECT_TRUE(shown.empty());
  }
  return "more " + std::to_string(data);
}

TEST(Chunked, EndsWhereTheBodyEnds) {
  const struct {
    std::string bytes;
    std::string want;
  } rows[] = {
      {"0\r\n\r\n", "end 0, 0 left"},
      {"5\r\nhello\r\n0\r\n\r\nHTTP", "end 5, 4 left"},
      {"5\nhello\n0\n\nHTTP", "end 5, 4 left"},
      {"A\r\n0123456789\r\n1\r\n!\r\n00\r\n\r\n", "end 11, 0 left"},
      {"a\r\n0123456789\r\n0\r\n\r\n", "end 10, 0 left"},
      {"0000000000000000000001\r\nx\r\n0\r\n\r\n", "end 1, 0 left"},
      {"5 \r\nhello\r\n0 \r\n\r\n", "end 5, 0 left"},
      {"5;name=value\r\nhello\r\n0;last\r\n\r\n", "end 5, 0 left"},
      {"5 ; name = \"a;b\"\r\nhello\r\n0\r\n\r\n", "end 5, 0 left"},
      {"0\r\nA: b\r\nC: d\r\n\r\nX", "end 0, 1 left"},
      {"0\r\nA: b\nC: d\n\nX", "end 0, 1 left"},
      {"2\r\n\r\n\r\n0\r\n\r\n", "end 2, 0 left"},
      {"5\r\nhel", "more 3"},
      {"0\r\n", "more 0"},
      {"0\r\n\r", "more 0"},
      {"7fffffffffffffff\r\n12", "more 2"},
      {"8000000000000000\r\n12", "invalid"},
      {"10000000000000000\r\n", "invalid"},
      {"\r\n", "invalid"},
      {"g\r\n", "invalid"},
      {"-1\r\n", "invalid"},
      {"0x5\r\nhello\r\n", "invalid"},
      {"5\rhello", "invalid"},
      {"5;a\rb\r\nhello\r\n0\r\n\r\n", "invalid"},
      {"5\r\nhello0\r\n\r\n", "invalid"},
      {"5\r\nhello\rX0\r\n\r\n", "invalid"},
      {"0\r\n\rX", "invalid"},
  };
  for (const auto& row : rows) {
    for (const size_t piece : {size_t{1}, size_t{2}, size_t{3}, row.bytes.size()}) {
      for (const bool skip : {false, true}) {
        EXPECT_EQ(Read(row.bytes, piece, skip), row.want)
            << "bytes " << ::testing::PrintToString(row.bytes) << " in pieces of " << piece
            << (skip ? ", data skipped" : "");
      }
    }
  }
}

}  // namespace
}  // namespace sidelight::http1
