#include "src/app/rules_source.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "core/model/labels.h"
#include "src/app/families.h"

namespace sidelight::app {
namespace {

using rules::GroupStatus;
using rules::RuleStatus;

template <class Value>
void AddEach(Families& family, const std::vector<GroupStatus>& groups, const Value& value) {
  for (const GroupStatus& group : groups) {
    family.Add(Labels{{"file", group.file}, {"rule_group", group.name}}, value(group));
  }
}

void AddGroups(Families& out, const std::vector<GroupStatus>& groups) {
  AddEach(out.Gauge("sidelight_rule_group_rules", "Rules of the group."), groups,
          [](const GroupStatus& g) { return g.rules.size(); });
  AddEach(out.Gauge("sidelight_rule_group_interval_seconds", "How often the group is evaluated."), groups,
          [](const GroupStatus& g) { return Seconds(g.interval); });
  AddEach(
      out.Gauge("sidelight_rule_group_last_duration_seconds", "How long the group's last evaluation took."),
      groups, [](const GroupStatus& g) { return Seconds(g.evaluation_time); });
  AddEach(out.Gauge("sidelight_rule_group_last_evaluation_timestamp_seconds",
                    "The time that the group was last evaluated at; 0: never."),
          groups,
          [](const GroupStatus& g) { return static_cast<double>(g.last_evaluation.value_or(0)) / 1000; });
  AddEach(out.Counter("sidelight_rule_group_iterations_total", "Evaluations of the group."), groups,
          [](const GroupStatus& g) { return g.evaluations; });
  AddEach(out.Counter("sidelight_rule_group_iterations_missed_total",
                      "Evaluations of the group that were left out because the one before took too long."),
          groups, [](const GroupStatus& g) { return g.missed_iterations; });
  AddEach(out.Counter("sidelight_rule_evaluation_failures_total",
                      "Evaluations of single rules of the group that ended in an error."),
          groups, [](const GroupStatus& g) { return g.failures; });
  AddEach(out.Counter("sidelight_rule_samples_refused_total",
                      "Samples of the group's results that the storage did not take."),
          groups, [](const GroupStatus& g) { return g.refused_samples; });
}

void AddAlerts(Families& out, const std::vector<GroupStatus>& groups) {
  uint64_t pending = 0;
  uint64_t firing = 0;
  uint64_t held = 0;
  for (const GroupStatus& group : groups) {
    for (const RuleStatus& rule : group.rules) {
      held += rule.held ? 1 : 0;
      for (const rules::Alert& alert : rule.alerts) {
        ++(alert.state == rules::AlertState::kFiring ? firing : pending);
      }
    }
  }
  out.Gauge("sidelight_alerts", "Alerts that there are, by their state.")
      .Add(Labels{{"state", "firing"}}, firing)
      .Add(Labels{{"state", "pending"}}, pending);
  out.Gauge("sidelight_rules_held",
            "Rules that wait until history reaches back as far as their expressions look.")
      .Value(held);
}

void AddState(Families& out, const state::Health& health) {
  using Mode = state::Health::Mode;
  const auto is = [&](Mode mode) { return health.mode == mode ? 1 : 0; };
  out.Gauge("sidelight_state_mode", "Where the state of alerts is kept: 1 for what is the case.")
      .Add(Labels{{"mode", "durable"}}, is(Mode::kDurable))
      .Add(Labels{{"mode", "memory"}}, is(Mode::kMemory))
      .Add(Labels{{"mode", "off"}}, is(Mode::kOff));
  out.Counter("sidelight_state_set_aside_total",
              "Files of the state that could not be used and were renamed.")
      .Value(health.set_aside);
  out.Counter("sidelight_state_errors_total", "Reads and writes of the state that failed.")
      .Value(health.errors);
}

}  // namespace

std::vector<MetricFamily> RulesSource::Collect() const {
  const std::vector<GroupStatus> groups = judge_.Groups();
  Families out;
  AddGroups(out, groups);
  AddAlerts(out, groups);
  AddState(out, judge_.StateHealth());
  out.Counter("sidelight_state_unreadable_total",
              "Alerts of the state that could not be read back after a restart.")
      .Value(judge_.UnreadableAlerts());
  return out.Take();
}

}  // namespace sidelight::app
