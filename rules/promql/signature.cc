#include "rules/promql/signature.h"

#include <algorithm>

namespace sidelight::promql {
namespace {

constexpr ValueType kV = ValueType::kVector;
constexpr ValueType kM = ValueType::kMatrix;
constexpr ValueType kS = ValueType::kScalar;
constexpr ValueType kT = ValueType::kString;
constexpr bool kExperimental = true;

// https://prometheus.io/docs/prometheus/latest/querying/functions/
const std::vector<Signature>& Table() {
  // clang-format off
  static const std::vector<Signature> table = {
      {"abs", {kV}},
      {"absent", {kV}},
      {"absent_over_time", {kM}},
      {"acos", {kV}},
      {"acosh", {kV}},
      {"asin", {kV}},
      {"asinh", {kV}},
      {"atan", {kV}},
      {"atanh", {kV}},
      {"avg_over_time", {kM}},
      {"ceil", {kV}},
      {"changes", {kM}},
      {"clamp", {kV, kS, kS}},
      {"clamp_max", {kV, kS}},
      {"clamp_min", {kV, kS}},
      {"cos", {kV}},
      {"cosh", {kV}},
      {"count_over_time", {kM}},
      {"day_of_month", {kV}, 1},
      {"day_of_week", {kV}, 1},
      {"day_of_year", {kV}, 1},
      {"days_in_month", {kV}, 1},
      {"deg", {kV}},
      {"delta", {kM}},
      {"deriv", {kM}},
      {"double_exponential_smoothing", {kM, kS, kS}, 0, kV, kExperimental},
      {"end", {}, 0, kS, kExperimental},
      {"exp", {kV}},
      {"first_over_time", {kM}},
      {"floor", {kV}},
      {"histogram_avg", {kV}},
      {"histogram_count", {kV}},
      {"histogram_fraction", {kS, kS, kV}},
      {"histogram_quantile", {kS, kV}},
      {"histogram_quantiles", {kV, kT, kS, kS}, 9, kV, kExperimental},
      {"histogram_stddev", {kV}},
      {"histogram_stdvar", {kV}},
      {"histogram_sum", {kV}},
      {"hour", {kV}, 1},
      {"idelta", {kM}},
      {"increase", {kM}},
      {"info", {kV, kV}, 1, kV, kExperimental},
      {"irate", {kM}},
      {"label_join", {kV, kT, kT, kT}, -1},
      {"label_replace", {kV, kT, kT, kT, kT}},
      {"last_over_time", {kM}},
      {"ln", {kV}},
      {"log10", {kV}},
      {"log2", {kV}},
      {"mad_over_time", {kM}, 0, kV, kExperimental},
      {"max_of", {kS, kS}, 0, kS, kExperimental},
      {"max_over_time", {kM}},
      {"min_of", {kS, kS}, 0, kS, kExperimental},
      {"min_over_time", {kM}},
      {"minute", {kV}, 1},
      {"month", {kV}, 1},
      {"pi", {}, 0, kS},
      {"predict_linear", {kM, kS}},
      {"present_over_time", {kM}},
      {"quantile_over_time", {kS, kM}},
      {"rad", {kV}},
      {"range", {}, 0, kS, kExperimental},
      {"rate", {kM}},
      {"resets", {kM}},
      {"round", {kV, kS}, 1},
      {"scalar", {kV}, 0, kS},
      {"sgn", {kV}},
      {"sin", {kV}},
      {"sinh", {kV}},
      {"sort", {kV}},
      {"sort_by_label", {kV, kT}, -1, kV, kExperimental},
      {"sort_by_label_desc", {kV, kT}, -1, kV, kExperimental},
      {"sort_desc", {kV}},
      {"sqrt", {kV}},
      {"start", {}, 0, kS, kExperimental},
      {"start_timestamp", {kV}, 0, kV, kExperimental},
      {"stddev_over_time", {kM}},
      {"stdvar_over_time", {kM}},
      {"step", {}, 0, kS, kExperimental},
      {"sum_over_time", {kM}},
      {"tan", {kV}},
      {"tanh", {kV}},
      {"time", {}, 0, kS},
      {"timestamp", {kV}},
      {"ts_of_first_over_time", {kM}, 0, kV, kExperimental},
      {"ts_of_last_over_time", {kM}, 0, kV, kExperimental},
      {"ts_of_max_over_time", {kM}, 0, kV, kExperimental},
      {"ts_of_min_over_time", {kM}, 0, kV, kExperimental},
      {"vector", {kS}},
      {"year", {kV}, 1},
  };
  // clang-format on
  return table;
}

}  // namespace

std::span<const Signature> Signatures() {
  return Table();
}

const Signature* FindSignature(std::string_view name) {
  const std::vector<Signature>& table = Table();
  const auto found =
      std::lower_bound(table.begin(), table.end(), name,
                       [](const Signature& signature, std::string_view key) { return signature.name < key; });
  return found != table.end() && found->name == name ? &*found : nullptr;
}

}  // namespace sidelight::promql
