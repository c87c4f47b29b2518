// The two text formats, which share their line syntax.
#pragma once

#include <cstddef>
#include <string>

#include "core/wire/exposition/families.h"

namespace sidelight::wire {

// Each appends to `*out` and returns how many series it left out because an earlier one has the same labels.

// Prometheus' text format, 0.0.4; with kAllowUtf8, 1.0.0.
size_t WriteText(const ExposedFamilies& exposed, EscapingScheme scheme, std::string* out);

// OpenMetrics 1.0.0, of which 0.0.1 is the draft with the same syntax; ends with `# EOF`.
size_t WriteOpenMetrics(const ExposedFamilies& exposed, EscapingScheme scheme, std::string* out);

}  // namespace sidelight::wire
