// How the builtins eq, ne, lt, le, gt and ge compare: values of one kind only, 1 and 1.0 are not comparable.
//
// Source: https://pkg.go.dev/text/template#hdr-Functions .
#pragma once

#include <span>

#include "core/base/error.h"
#include "rules/template/value.h"

namespace sidelight::text_template {

// Whether it equals one of `others`. The error's message is Go's.
Result<bool> EqualsAny(const Value& value, std::span<const Value> others);
Result<bool> IsLess(const Value& a, const Value& b);

}  // namespace sidelight::text_template
