#include "core/base/crc32c.h"

#include <gtest/gtest.h>

#include <string>

namespace sidelight {
namespace {

TEST(Crc32cTest, AgreesWithTheStandard) {
  EXPECT_EQ(Crc32c("123456789"), 0xe3069283U);
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8a9136aaU);
  EXPECT_EQ(Crc32c("56789", Crc32c("1234")), 0xe3069283U);
}

}  // namespace
}  // namespace sidelight
