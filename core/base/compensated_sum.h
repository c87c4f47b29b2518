// Summation of floats that keeps what addition loses of the low-order bits. Source: A. Neumaier, 1974,
// "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen".
#pragma once

#include <cmath>

namespace sidelight {

// Adds `value` to the sum; what the rounding lost gathers in `lost`, and *sum + *lost is the total.
inline void CompensatedAdd(double value, double* sum, double* lost) {
  const double total = *sum + value;
  if (std::isinf(total)) {
    *lost = 0;
  } else if (std::fabs(*sum) >= std::fabs(value)) {
    *lost += (*sum - total) + value;
  } else {
    *lost += (value - total) + *sum;
  }
  *sum = total;
}

}  // namespace sidelight
