#include "src/api/features.h"

#include <nlohmann/json.hpp>

#include "rules/promql/ast.h"
#include "rules/promql/signature.h"

namespace sidelight::api {
namespace {

using nlohmann::ordered_json;

ordered_json ApiFeatures(const Features& features) {
  return {{"admin", false},
          {"exclude_alerts", true},
          {"label_values_match", true},
          {"lifecycle", features.lifecycle},
          {"otlp_write_receiver", false},
          {"query_stats", false},
          {"query_warnings", true},
          {"remote_write_receiver", false},
          {"search", false},
          {"time_range_labels", true},
          {"time_range_series", true}};
}

ordered_json LanguageFeatures(bool experimental) {
  return {{"anchored", experimental},
          {"at_modifier", true},
          {"bool", true},
          {"by", true},
          {"delayed_name_removal", experimental},
          {"duration_expr", true},
          {"fill", experimental},
          {"fill_left", experimental},
          {"fill_right", experimental},
          {"group_left", true},
          {"group_right", true},
          {"ignoring", true},
          {"negative_offset", true},
          {"offset", true},
          {"on", true},
          {"per_query_lookback_delta", true},
          {"per_step_stats", false},
          {"smoothed", experimental},
          {"subqueries", true},
          {"type_and_unit_labels", false},
          {"without", true}};
}

ordered_json Functions(bool experimental) {
  ordered_json functions = ordered_json::object();
  for (const promql::Signature& signature : promql::Signatures()) {
    functions[std::string(signature.name)] = experimental || !signature.experimental;
  }
  return functions;
}

ordered_json Operators(bool experimental) {
  using promql::AggregateOp;
  using promql::BinaryOp;
  ordered_json operators = ordered_json::object();
  for (const char* const word : {"=~", "!~", "@"}) operators[word] = true;
  for (auto op = BinaryOp::kAdd; op <= BinaryOp::kUnless;
       op = static_cast<BinaryOp>(static_cast<int>(op) + 1)) {
    operators[std::string(BinaryOpName(op))] = true;
  }
  for (auto op = AggregateOp::kSum; op <= AggregateOp::kLimitRatio;
       op = static_cast<AggregateOp>(static_cast<int>(op) + 1)) {
    const bool behind_flag = op == AggregateOp::kLimitk || op == AggregateOp::kLimitRatio;
    operators[std::string(AggregateOpName(op))] = experimental || !behind_flag;
  }
  return operators;
}

}  // namespace

std::string WriteFeatures(const Features& features) {
  const ordered_json document = {
      {"api", ApiFeatures(features)},
      {"prometheus", {{"agent_mode", false}, {"auto_reload_config", true}, {"server_mode", true}}},
      {"promql", LanguageFeatures(features.experimental)},
      {"promql_functions", Functions(features.experimental)},
      {"promql_operators", Operators(features.experimental)},
      {"rules", {{"concurrent_rule_eval", false}, {"keep_firing_for", true}, {"query_offset", true}}}};
  return document.dump();
}

}  // namespace sidelight::api
