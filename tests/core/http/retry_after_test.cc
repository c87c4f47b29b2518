#include "core/http/retry_after.h"

#include <gtest/gtest.h>

#include <optional>
#include <string_view>

namespace sidelight::http {
namespace {

constexpr UnixMillis kNow = 784'111'767'500;  // Sun, 06 Nov 1994 08:49:27.5 GMT
constexpr int64_t kYear = int64_t{366} * 24 * 3600 * 1000;

TEST(RetryAfterTest, Table) {
  using namespace std::string_view_literals;
  const struct {
    std::string_view value;
    std::optional<int64_t> want;  // milliseconds
  } cases[] = {
      {"0", 0},
      {"120", 120'000},
      {" 7 ", 7'000},
      {"007", 7'000},
      {"99999999999999999999999", kYear},
      {"31622401", kYear},
      {"Sun, 06 Nov 1994 08:49:37 GMT", 9'500},
      {"Sunday, 06-Nov-94 08:49:37 GMT", 9'500},
      {"Sun Nov  6 08:49:37 1994", 9'500},
      {"Sun, 06 Nov 1994 08:49:27 GMT", 0},
      {"Fri, 31 Dec 1993 23:59:59 GMT", 0},
      {"Thu, 31 Dec 2099 23:59:59 GMT", kYear},
      {"", std::nullopt},
      {" ", std::nullopt},
      {"-1", std::nullopt},
      {"+1", std::nullopt},
      {"1.5", std::nullopt},
      {"1s", std::nullopt},
      {"soon", std::nullopt},
      {"0x10", std::nullopt},
      {"Sun, 06 Nov 1994 08:49:37", std::nullopt},
      {"Sun, 06 Nov 1994 08:49:37 +0100", std::nullopt},
      {"Sun, 06 Nov 1994 08:49:37 GMT, 3", std::nullopt},
      {"Sun, 06 Nov 1994 08:49:37 GMT\0x"sv, std::nullopt},
      {"Sun, 06 Nov 1994 25:49:37 GMT", std::nullopt},
      {"1994-11-06T08:49:37Z", std::nullopt},
  };
  for (const auto& c : cases) {
    const std::optional<Duration> got = ParseRetryAfter(c.value, kNow);
    ASSERT_EQ(got.has_value(), c.want.has_value()) << c.value;
    if (got) {
      EXPECT_EQ(*got, std::chrono::milliseconds(*c.want)) << c.value;
    }
  }
}

}  // namespace
}  // namespace sidelight::http
