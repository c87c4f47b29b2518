// Functions of one float.
#include <array>
#include <cmath>
#include <numbers>

#include "rules/promql/functions/function.h"

namespace sidelight::promql {
namespace {

double Sign(double x) {
  if (std::isnan(x) || x == 0) return x;
  return x < 0 ? -1 : 1;
}

constexpr std::array kFunctions = {
    Implementation{"abs", +[](double x) { return std::fabs(x); }},
    Implementation{"acos", +[](double x) { return std::acos(x); }},
    Implementation{"acosh", +[](double x) { return std::acosh(x); }},
    Implementation{"asin", +[](double x) { return std::asin(x); }},
    Implementation{"asinh", +[](double x) { return std::asinh(x); }},
    Implementation{"atan", +[](double x) { return std::atan(x); }},
    Implementation{"atanh", +[](double x) { return std::atanh(x); }},
    Implementation{"ceil", +[](double x) { return std::ceil(x); }},
    Implementation{"cos", +[](double x) { return std::cos(x); }},
    Implementation{"cosh", +[](double x) { return std::cosh(x); }},
    Implementation{"deg", +[](double x) { return x * 180 / std::numbers::pi; }},
    Implementation{"exp", +[](double x) { return std::exp(x); }},
    Implementation{"floor", +[](double x) { return std::floor(x); }},
    Implementation{"ln", +[](double x) { return std::log(x); }},
    Implementation{"log10", +[](double x) { return std::log10(x); }},
    Implementation{"log2", +[](double x) { return std::log2(x); }},
    Implementation{"rad", +[](double x) { return x * std::numbers::pi / 180; }},
    Implementation{"sgn", &Sign},
    Implementation{"sin", +[](double x) { return std::sin(x); }},
    Implementation{"sinh", +[](double x) { return std::sinh(x); }},
    Implementation{"sqrt", +[](double x) { return std::sqrt(x); }},
    Implementation{"tan", +[](double x) { return std::tan(x); }},
    Implementation{"tanh", +[](double x) { return std::tanh(x); }},
};

}  // namespace

std::span<const Implementation> MathFunctions() {
  return kFunctions;
}

}  // namespace sidelight::promql
