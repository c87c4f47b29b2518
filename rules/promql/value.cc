#include "rules/promql/value.h"

#include <array>

namespace sidelight::promql {

std::string_view ResultTypeName(const Value& value) {
  constexpr std::array<std::string_view, 4> kNames = {"scalar", "string", "vector", "matrix"};
  return kNames[value.index()];
}

}  // namespace sidelight::promql
