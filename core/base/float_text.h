// How Go writes a float64, which is how Prometheus does: the shortest text that reads back as the same
// number.
#pragma once

#include <string>

namespace sidelight {

// As %v: with an exponent below 1e-4 and from 1e6 up ("1e+06", "1e-05"); "NaN", "+Inf", "-Inf".
std::string FloatText(double value);
// As strconv.FormatFloat(value, 'f', -1): never with an exponent. Sample values in the HTTP API.
std::string PlainFloatText(double value);

}  // namespace sidelight
