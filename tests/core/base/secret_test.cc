#include "core/base/secret.h"

#include <gtest/gtest.h>

#include <concepts>
#include <ostream>
#include <string>
#include <string_view>

namespace sidelight {
namespace {

template <class T>
concept Printable = requires(std::ostream& out, const T& value) {
  out << value;
};

static_assert(!Printable<Secret>);
static_assert(!std::equality_comparable_with<Secret, std::string>);
static_assert(!std::convertible_to<Secret, std::string> && !std::convertible_to<Secret, std::string_view>);
static_assert(!std::convertible_to<std::string, Secret>);

TEST(SecretTest, IsRevealedOnlyWhenAsked) {
  EXPECT_TRUE(Secret().empty());
  const Secret secret("hunter2");
  EXPECT_FALSE(secret.empty());
  EXPECT_EQ(secret.Reveal(), "hunter2");
}

TEST(SecretTest, TellsWhetherItHasChanged) {
  EXPECT_TRUE(Secret("hunter2") == Secret("hunter2"));
  EXPECT_FALSE(Secret("hunter2") == Secret("hunter3"));
}

}  // namespace
}  // namespace sidelight
