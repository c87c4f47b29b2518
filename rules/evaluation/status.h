// What the rules look like at a moment, as plain values: for the API, the unit tests and metrics.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/model/labels.h"
#include "rules/evaluation/alert.h"
#include "rules/evaluation/rule_file.h"

namespace sidelight::rules {

enum class RuleHealth : uint8_t { kUnknown, kOk, kError };
// "unknown", "ok", "err".
std::string_view RuleHealthName(RuleHealth health);

struct RuleStatus {
  RuleDefinition definition;
  RuleHealth health = RuleHealth::kUnknown;
  std::string last_error;                     // "" when ok
  std::optional<UnixMillis> last_evaluation;  // the time it was evaluated at
  Duration evaluation_time{};
  // While history does not reach back as far as the expression looks: until then it neither resolves what
  // was firing nor fires on absence.
  bool held = false;
  // Of an alert rule.
  AlertState state = AlertState::kInactive;  // the highest of its alerts
  std::vector<Alert> alerts;                 // pending and firing, by their labels
};

struct GroupStatus {
  std::string file;
  std::string name;
  Duration interval{};
  Duration query_offset{};
  uint64_t limit = 0;
  std::optional<UnixMillis> last_evaluation;
  Duration evaluation_time{};
  uint64_t evaluations = 0;
  uint64_t missed_iterations = 0;
  uint64_t failures = 0;         // evaluations of single rules that ended in an error
  uint64_t refused_samples = 0;  // of results, that the store did not take
  std::vector<RuleStatus> rules;
};

}  // namespace sidelight::rules
