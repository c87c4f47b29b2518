#include "collector/protocols/traceparent.h"

#include <gtest/gtest.h>

#include <string>

namespace sidelight {
namespace {

constexpr char kTrace[] = "0af7651916cd43dd8448eb211c80319c";
constexpr char kSpan[] = "b7ad6b7169203331";

TEST(Traceparent, IsReadOrIgnored) {
  const std::string ids = std::string(kTrace) + "-" + kSpan;
  const struct {
    std::string value;
    bool valid;
    bool sampled;
  } rows[] = {
      {"00-" + ids + "-01", true, true},
      {"00-" + ids + "-00", true, false},
      {"00-" + ids + "-03", true, true},
      {"00-" + ids + "-fe", true, false},
      {"", false, false},
      {"00", false, false},
      {"00-" + ids + "-1", false, false},
      {"00-" + ids + "-01-", false, false},
      {"00-" + ids + "-01-what", false, false},
      {"01-" + ids + "-01", true, true},
      {"cc-" + ids + "-01-what", true, true},
      {"cc-" + ids + "-01.what", false, false},
      {"ff-" + ids + "-01", false, false},
      {"0g-" + ids + "-01", false, false},
      {"00-" + ids + "-0G", false, false},
      {"00_" + ids + "-01", false, false},
      {"00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", false, false},
      {"00-00000000000000000000000000000000-b7ad6b7169203331-01", false, false},
      {"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", false, false},
      {"00-0af7651916cd43dd8448eb211c80319c.b7ad6b7169203331-01", false, false},
      {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331_01", false, false},
      {"00-0af7651916cd43dd8448eb211c80319 -b7ad6b7169203331-01", false, false},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE("traceparent: " + row.value);
    const auto parent = ParseTraceparent(row.value);
    ASSERT_EQ(parent.has_value(), row.valid);
    if (!parent) continue;
    EXPECT_EQ(parent->sampled, row.sampled);
    EXPECT_EQ(TraceHex(parent->id), kTrace);
    EXPECT_EQ(SpanHex(parent->id), kSpan);
  }
}

}  // namespace
}  // namespace sidelight
