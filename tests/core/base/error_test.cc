#include "core/base/error.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace sidelight {
namespace {

Result<int> Half(int n) {
  if (n % 2 != 0) return Fail(ErrorCode::kInvalidArgument, std::to_string(n) + " is odd");
  return n / 2;
}

Status CheckEven(int n) {
  if (const Result<int> half = Half(n); !half) return tl::unexpected(half.error());
  return {};
}

TEST(Result, HoldsAValueOrAnError) {
  ASSERT_TRUE(Half(4).has_value());
  EXPECT_EQ(*Half(4), 2);
  const Result<int> failed = Half(3);
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(failed.error().message, "3 is odd");
}

TEST(Status, PassesAnErrorOn) {
  EXPECT_TRUE(CheckEven(2));
  const Status failed = CheckEven(1);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "1 is odd");
}

TEST(ErrnoText, IsTheSystemsSentence) {
  EXPECT_EQ(ErrnoText(EADDRINUSE), "Address already in use");
  EXPECT_EQ(ErrnoText(ENOENT), "No such file or directory");
  EXPECT_FALSE(ErrnoText(-1).empty());
}

}  // namespace
}  // namespace sidelight
