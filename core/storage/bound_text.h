// How a bucket's bound, or a quantile, is written as a label: as in the expositions (core/wire/exposition),
// which is how Go's 'g' prints the shortest text that reads back as the same number.
#pragma once

#include <string>

namespace sidelight::storage {

// "0.005", "10", "1e+06", "+Inf".
std::string BoundText(double bound);

}  // namespace sidelight::storage
