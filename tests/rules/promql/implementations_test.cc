#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <variant>

#include "rules/promql/functions/function.h"
#include "rules/promql/signature.h"

namespace sidelight::promql {
namespace {

// What the parser lets through, the engine can do; and what it can do is known to the parser.
TEST(ImplementationsTest, AgreeWithTheSignatures) {
  for (const Signature& signature : Signatures()) {
    const Implementation* const implementation = FindImplementation(signature.name);
    ASSERT_NE(implementation, nullptr) << signature.name << " has no implementation";
    EXPECT_EQ(implementation->name, signature.name);
    if (std::holds_alternative<MathFunction>(implementation->function)) {
      EXPECT_EQ(signature.args, std::vector{ValueType::kVector}) << signature.name;
    }
    if (std::holds_alternative<RangeFunction>(implementation->function)) {
      const auto ranges = std::count(signature.args.begin(), signature.args.end(), ValueType::kMatrix);
      EXPECT_EQ(ranges, 1) << signature.name;
      EXPECT_EQ(signature.returns, ValueType::kVector) << signature.name;
    }
  }
  std::set<std::string_view> names;
  for (const auto family : {MathFunctions(), TimeFunctions(), ScalarFunctions(), LabelFunctions(),
                            SortFunctions(), AbsentFunctions(), InfoFunctions(), HistogramFunctions(),
                            OverTimeFunctions(), RateFunctions(), TrendFunctions()}) {
    for (const Implementation& implementation : family) {
      EXPECT_NE(FindSignature(implementation.name), nullptr) << implementation.name << " has no signature";
      EXPECT_TRUE(names.insert(implementation.name).second) << implementation.name << " is there twice";
    }
  }
  EXPECT_EQ(names.size(), Signatures().size());
  EXPECT_EQ(FindImplementation("no_such_function"), nullptr);
}

}  // namespace
}  // namespace sidelight::promql
