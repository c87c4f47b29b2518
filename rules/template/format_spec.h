// FormatSpec: one verb of a format, with its flags, width and precision, and how one value is written under
// it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "rules/template/print.h"
#include "rules/template/value.h"

namespace sidelight::text_template {

struct FormatSpec {
  uint32_t verb = 'v';
  bool minus = false;
  bool plus = false;
  bool sharp = false;
  bool space = false;
  bool zero = false;
  bool bad = false;    // the verb did not fit, and %v stands in for it with the same flags
  int width = -1;      // -1: none
  int precision = -1;  // -1: none
};

// Writes the value, or %!verb(type=value) where the verb does not fit.
void WriteValue(const FormatSpec& spec, const Value& value, Printer* out);

}  // namespace sidelight::text_template
