#include "core/model/exemplar.h"

#include <gtest/gtest.h>

namespace sidelight {
namespace {

TEST(TraceId, IsValidWhenBothPartsAreThere) {
  TraceId id;
  EXPECT_FALSE(id.valid());
  id.trace[15] = 1;
  EXPECT_FALSE(id.valid()) << "a trace without a span";
  id.span[7] = 1;
  EXPECT_TRUE(id.valid());
  id.trace = {};
  EXPECT_FALSE(id.valid()) << "a span without a trace";
}

TEST(TraceId, IsWrittenAsLowerCaseHex) {
  TraceId id;
  for (size_t i = 0; i < id.trace.size(); ++i) id.trace[i] = static_cast<uint8_t>(i * 17);
  for (size_t i = 0; i < id.span.size(); ++i) id.span[i] = static_cast<uint8_t>(0xf8 + i);
  EXPECT_EQ(TraceHex(id), "00112233445566778899aabbccddeeff");
  EXPECT_EQ(SpanHex(id), "f8f9fafbfcfdfeff");
  EXPECT_EQ(TraceHex({}), std::string(32, '0'));
  EXPECT_EQ(SpanHex({}), std::string(16, '0'));
}

}  // namespace
}  // namespace sidelight
