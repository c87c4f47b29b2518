#include "core/wire/backward_writer.h"

#include <gtest/gtest.h>

#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>
#include <vector>

namespace sidelight::wire {
namespace {

TEST(BackwardWriter, WritesWhatAForwardWriterDoes) {
  const uint64_t numbers[] = {0, 1, 127, 128, 16383, 16384, 0xffffffff, uint64_t{1} << 62, UINT64_MAX};
  for (const uint64_t number : numbers) {
    for (const size_t length : {0, 1, 2, 3, 5, 9, 17, 33, 127, 128, 5000, 20000}) {
      const std::string text(length, 'x');
      const std::vector<double> list(length / 8, 0.5);
      std::string want;
      {
        protozero::pbf_writer message(want);
        message.add_uint64(1, number);
        message.add_fixed64(200, number);
        protozero::pbf_writer inner(message, 3000);
        inner.add_bytes(2, text);
        inner.add_packed_double(3, list.begin(), list.end());
        inner.add_double(4, -0.5);
      }
      BackwardWriter writer(16);
      const size_t end = writer.size();
      writer.AddDouble(4, -0.5);
      writer.AddPacked64(3, std::span(list));
      writer.AddBytes(2, text);
      writer.CloseMessage(3000, end);
      writer.AddFixed64(200, number);
      writer.AddVarint(1, number);
      EXPECT_EQ(writer.written(), want) << number << " " << length;
    }
  }
}

TEST(BackwardWriter, TakesBackWhatWasWrittenLast) {
  BackwardWriter writer(1);
  writer.AddBytes(1, "kept");
  const std::string kept(writer.written());
  const size_t size = writer.size();
  writer.AddBytes(2, std::string(100000, 'x'));
  writer.Rewind(size);
  EXPECT_EQ(writer.written(), kept);
  writer.Rewind(0);
  EXPECT_EQ(writer.written(), "");
}

TEST(BackwardWriter, MakesAFieldOfSinglePieces) {
  BackwardWriter writer;
  writer.PushVarint(300);
  writer.PushVarint(1);
  writer.CloseMessage(7, 0);
  writer.PushRaw("");
  const std::string bytes(writer.written());
  protozero::pbf_reader message(bytes);
  ASSERT_TRUE(message.next(7));
  std::vector<uint64_t> got;
  for (const uint64_t n : message.get_packed_uint64()) got.push_back(n);
  EXPECT_EQ(got, (std::vector<uint64_t>{1, 300}));
}

}  // namespace
}  // namespace sidelight::wire
