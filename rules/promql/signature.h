// Signature: what the parser has to know of a function. rules/promql/functions/ has what each does; a test
// holds the two together.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "rules/promql/ast.h"

namespace sidelight::promql {

struct Signature {
  std::string_view name;
  std::vector<ValueType> args;
  // 0: takes just these. n > 0: up to n more of the last type, and the last of `args` may be left out; -1:
  // any number more of it, and the last may be left out. As in Prometheus' table.
  int variadic = 0;
  ValueType returns = ValueType::kVector;
  bool experimental = false;
};

// Sorted by name.
std::span<const Signature> Signatures();
const Signature* FindSignature(std::string_view name);

}  // namespace sidelight::promql
