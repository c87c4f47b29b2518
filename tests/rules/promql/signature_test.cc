#include "rules/promql/signature.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "rules/promql/parser.h"

namespace sidelight::promql {
namespace {

TEST(SignatureTest, AllFunctionsAreThereInOrder) {
  const auto table = Signatures();
  EXPECT_EQ(table.size(), 90u);
  EXPECT_TRUE(std::is_sorted(table.begin(), table.end(),
                             [](const Signature& a, const Signature& b) { return a.name < b.name; }));
  for (const Signature& signature : table) {
    EXPECT_EQ(FindSignature(signature.name), &signature) << signature.name;
    EXPECT_TRUE(signature.variadic == 0 || !signature.args.empty()) << signature.name;
  }
  EXPECT_EQ(std::count_if(table.begin(), table.end(), [](const Signature& s) { return s.experimental; }), 17);
  EXPECT_EQ(FindSignature(""), nullptr);
  EXPECT_EQ(FindSignature("Rate"), nullptr);
  EXPECT_EQ(FindSignature("zzz"), nullptr);
}

std::string Argument(ValueType type) {
  switch (type) {
    case ValueType::kScalar:
      return "1";
    case ValueType::kMatrix:
      return "m[5m]";
    case ValueType::kString:
      return "\"s\"";
    default:
      return "v";
  }
}

std::string CallText(const Signature& signature, size_t count) {
  std::string text(signature.name);
  text += '(';
  for (size_t i = 0; i < count; ++i) {
    if (i > 0) text += ", ";
    const bool labels = signature.name == "info" && i == 1;
    text += labels ? "{a=\"b\"}" : Argument(signature.args[std::min(i, signature.args.size() - 1)]);
  }
  return text + ")";
}

// Each function takes as many arguments as its signature allows, no fewer and no more, and is refused where
// it is experimental and such are not enabled.
TEST(SignatureTest, CallsAreCheckedAgainstIt) {
  for (const Signature& signature : Signatures()) {
    const size_t args = signature.args.size();
    const size_t least = signature.variadic == 0 ? args : args - 1;
    const size_t most = signature.variadic > 0   ? args - 1 + static_cast<size_t>(signature.variadic)
                        : signature.variadic < 0 ? args + 5
                                                 : args;
    for (size_t count = least; count <= most; ++count) {
      const std::string text = CallText(signature, count);
      const Result<ExprPtr> expr = Parse(text, {.experimental = true});
      ASSERT_TRUE(expr) << text << ": " << expr.error().message;
      EXPECT_EQ((*expr)->type, signature.returns) << text;
      EXPECT_EQ(Parse(text, {.experimental = false}).has_value(), !signature.experimental) << text;
    }
    if (least > 0) {
      const std::string text = CallText(signature, least - 1);
      EXPECT_FALSE(Parse(text, {.experimental = true})) << text;
    }
    if (signature.variadic >= 0 && args > 0) {
      const std::string text = CallText(signature, most + 1);
      EXPECT_FALSE(Parse(text, {.experimental = true})) << text;
    }
  }
}

}  // namespace
}  // namespace sidelight::promql
