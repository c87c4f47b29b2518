// The texts of promtool's unit tests: what a failed test expected and what it got, so that whoever reads its
// output, or has a tool that does, finds the same here.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "rules/testing/unit_test_file.h"

namespace sidelight::ruletest {

// As Go's labels: {__name__="up", job="api"}.
//
// Of alerts that fire, sorted:
//   [
//       0:
//         Labels:{...}
//         Annotations:{...}
//   ]
// each line but the first indented further by 12 blanks; "[]" when there are none.
std::string AlertsText(std::span<const ExpectedAlert> alerts);
// `{a="1"} 1.5E+00, {} {{schema:0 ...}}`, or "nil".
std::string SamplesText(std::span<const ExpectedSample> samples);

}  // namespace sidelight::ruletest
