#include "rules/evaluation/alerting_rule.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/log.h"
#include "rules/evaluation/links.h"
#include "rules/evaluation/result_labels.h"

namespace sidelight::rules {
namespace {

constexpr std::string_view kAlerts = "ALERTS";
constexpr std::string_view kAlertsForState = "ALERTS_FOR_STATE";
constexpr std::string_view kAlertState = "alertstate";

int64_t Millis(Duration d) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(d).count();
}

Labels AlertsSeries(const Alert& alert) {
  const Label added[] = {{kMetricName, kAlerts}, {kAlertState, AlertStateName(alert.state)}};
  return Override(alert.labels, added);
}

Labels ForStateSeries(const Alert& alert) {
  const Label added[] = {{kMetricName, kAlertsForState}};
  return Override(alert.labels, added);
}

// Whether something of it has changed that has to survive. Values and annotations change all the time, and
// are saved along with the rest.
bool Changed(const Alert& a, const Alert& b) {
  return a.state != b.state || a.active_at != b.active_at || a.fired_at != b.fired_at ||
         a.resolved_at != b.resolved_at || a.last_sent_at != b.last_sent_at ||
         a.keep_firing_since != b.keep_firing_since;
}

bool NeedsTelling(const Alert& alert, UnixMillis time, int64_t resend_delay) {
  if (alert.state == AlertState::kPending) return false;
  if (!alert.last_sent_at) return true;
  if (alert.resolved_at && *alert.resolved_at > *alert.last_sent_at) return true;
  return time - *alert.last_sent_at >= resend_delay;
}

}  // namespace

AlertingRule::AlertingRule(RuleDefinition rule, std::string key, const Evaluation& evaluation)
    : Rule(std::move(rule), std::move(key), evaluation) {
  const auto parse = [this](const Labels& texts, std::vector<Template>* out) {
    for (const Label label : texts) {
      // The file that it comes from has been checked; what still fails stands for itself, as written.
      out->push_back({std::string(label.name),
                      AlertTemplate::Parse(definition().name, label.value).value_or(AlertTemplate())});
    }
  };
  parse(definition().labels, &labels_);
  for (const std::string& name : definition().removed_labels) labels_.push_back({name, AlertTemplate()});
  parse(definition().annotations, &annotations_);
}

void AlertingRule::Inherit(Rule& old) {
  Rule::Inherit(old);
  auto& from = static_cast<AlertingRule&>(old);
  const std::scoped_lock lock(mutex(), from.mutex());
  alerts_ = std::move(from.alerts_);
  from.alerts_.clear();
  saved_ = std::move(from.saved_);
  save_failing_ = from.save_failing_;
}

std::vector<Labels> AlertingRule::Restore(const Alert& alert) {
  saved_.insert_or_assign(alert.labels, alert);
  const bool pending = alert.state == AlertState::kPending;
  if (pending && evaluation().outage > kOutageTolerance) return {};
  const std::lock_guard<std::mutex> lock(mutex());
  Alert& restored = alerts_.insert_or_assign(alert.labels, alert).first->second;
  if (pending) restored.active_at += Millis(evaluation().outage);
  // What was on its way when the process ended may be lost, so it is told again at once. To an Alertmanager
  // that has it already this is a resend like any other.
  restored.last_sent_at.reset();
  if (restored.state == AlertState::kInactive) return {};
  restored.restored = true;
  return {AlertsSeries(restored), ForStateSeries(restored)};
}

Result<std::vector<promql::Sample>> AlertingRule::Compute(const Turn& turn) {
  const Result<promql::Vector> vector = evaluation().query(*definition().expr, turn.query_time());
  if (!vector) return tl::unexpected(vector.error());
  Result<Alerts> found = Found(*vector, turn);
  if (!found) return tl::unexpected(found.error());

  const bool held = Held(turn);
  size_t active = 0;
  {
    const std::lock_guard<std::mutex> lock(mutex());
    for (auto& [labels, alert] : *found) {
      const auto known = alerts_.find(labels);
      if (known != alerts_.end() && known->second.state != AlertState::kInactive) {
        known->second.value = alert.value;
        known->second.annotations = std::move(alert.annotations);
      } else {
        alerts_.insert_or_assign(labels, std::move(alert));
      }
    }
    for (auto it = alerts_.begin(); it != alerts_.end();) {
      const bool is_found = found->contains(it->first);
      // A pending alert that is gone was never anybody's business.
      const bool waits = held && it->second.restored;
      if (!is_found && it->second.state == AlertState::kPending && !waits) {
        it = alerts_.erase(it);
        continue;
      }
      Settle(&it->second, is_found, held, turn);
      if (Over(it->second, turn.time)) {
        it = alerts_.erase(it);
        continue;
      }
      active += it->second.state != AlertState::kInactive ? 1 : 0;
      ++it;
    }
    if (turn.limit > 0 && active > turn.limit) alerts_.clear();
  }
  SaveAndTell(turn);
  if (turn.limit > 0 && active > turn.limit) {
    return Fail(ErrorCode::kLimit, fmt::format("exceeded limit of {} with {} alerts", turn.limit, active));
  }
  return Series(turn);
}

Result<AlertingRule::Alerts> AlertingRule::Found(const promql::Vector& vector, const Turn& turn) {
  Alerts found;
  for (const promql::Sample& sample : vector) {
    const TemplateData data{.labels = sample.labels,
                            .value = sample.value,
                            .histogram = sample.histogram,
                            .external_labels = evaluation().external_labels,
                            .external_url = evaluation().external_url,
                            .time = turn.time,
                            .query = [this, &turn](std::string_view query) -> Result<promql::Vector> {
                              const Result<promql::ExprPtr> expr = promql::Parse(query, evaluation().parser);
                              if (!expr) return tl::unexpected(expr.error());
                              return evaluation().query(**expr, turn.time);
                            }};
    std::vector<std::pair<std::string, std::string>> texts;
    for (Template& label : labels_) texts.emplace_back(label.name, Expand(label, data));
    std::vector<Label> added = {{kMetricName, ""}};
    for (const auto& [name, value] : texts) added.push_back({name, value});
    added.push_back({kAlertName, definition().name});

    Alert alert{.labels = Override(sample.labels, added), .value = sample.value, .active_at = turn.time};
    texts.clear();
    for (Template& annotation : annotations_) texts.emplace_back(annotation.name, Expand(annotation, data));
    added.clear();
    for (const auto& [name, value] : texts) added.push_back({name, value});
    alert.annotations = Labels(added);
    Labels labels = alert.labels;
    if (!found.emplace(std::move(labels), std::move(alert)).second) {
      return Fail(ErrorCode::kInvalidArgument,
                  "vector contains metrics with the same labelset after applying alert labels");
    }
  }
  return found;
}

std::string AlertingRule::Expand(Template& text, const TemplateData& data) {
  Result<std::string> expanded = text.text.Expand(data);
  if (expanded) return *std::move(expanded);
  // The same error comes with each evaluation, until somebody mends the rule.
  if (text.logged != expanded.error().message) {
    text.logged = expanded.error().message;
    log::Warn("a template of an alert rule failed; its text says so",
              {{"rule", key()}, {"name", text.name}, {"error", text.logged}});
  }
  return fmt::format("<error expanding template: {}>", expanded.error().message);
}

// Moves one alert on to this turn.
void AlertingRule::Settle(Alert* alert, bool found, bool held, const Turn& turn) const {
  if (found || !held) alert->restored = false;
  alert->held = alert->restored;
  if (alert->state == AlertState::kInactive || alert->held) return;
  if (found) {
    alert->keep_firing_since.reset();
  } else {
    // What is pending and not found has been dropped: this one fires.
    if (definition().keep_firing_for > Duration::zero()) {
      if (!alert->keep_firing_since) alert->keep_firing_since = turn.time;
      if (turn.time - *alert->keep_firing_since < Millis(definition().keep_firing_for)) return;
    }
    alert->state = AlertState::kInactive;
    alert->resolved_at = turn.time;
    return;
  }
  if (alert->state != AlertState::kPending) return;
  alert->held = held && reach().true_of_absence;
  if (!alert->held && turn.time - alert->active_at >= Millis(definition().hold)) {
    alert->state = AlertState::kFiring;
    alert->fired_at = turn.time;
  }
}

bool AlertingRule::Over(const Alert& alert, UnixMillis time) const {
  return alert.state == AlertState::kInactive && alert.resolved_at &&
         time - *alert.resolved_at >= Millis(kResolvedRetention);
}

std::vector<promql::Sample> AlertingRule::Series(const Turn& turn) const {
  std::vector<promql::Sample> samples;
  for (const auto& [labels, alert] : alerts_) {
    if (alert.state == AlertState::kInactive) continue;
    samples.push_back({.labels = AlertsSeries(alert), .time = turn.query_time(), .value = 1});
    // Whole seconds, as upstream writes it.
    samples.push_back({.labels = ForStateSeries(alert),
                       .time = turn.query_time(),
                       .value = static_cast<double>(alert.active_at / 1000)});
  }
  return samples;
}

// First what is to survive, then what others are told: nobody hears of what a crash could undo.
void AlertingRule::SaveAndTell(const Turn& turn) {
  std::vector<Notification> told;
  {
    const std::lock_guard<std::mutex> lock(mutex());
    for (auto& [labels, alert] : alerts_) {
      if (!NeedsTelling(alert, turn.time, Millis(evaluation().resend_delay))) continue;
      alert.last_sent_at = turn.time;
      told.push_back(Told(alert, turn));
    }
  }
  if (evaluation().store != nullptr) Save();
  if (evaluation().notify && !told.empty()) evaluation().notify(std::move(told));
}

void AlertingRule::Save() {
  std::vector<AlertStore::Change> changes;
  for (const auto& [labels, alert] : alerts_) {
    const auto was = saved_.find(labels);
    if (was == saved_.end() || Changed(was->second, alert))
      changes.push_back({.rule = key(), .alert = &alert});
  }
  for (const auto& [labels, alert] : saved_) {
    if (!alerts_.contains(labels)) changes.push_back({.rule = key(), .alert = &alert, .remove = true});
  }
  if (changes.empty()) return;
  const Status saved = evaluation().store->Save(changes);
  if (saved) {
    saved_ = alerts_;
  } else if (!save_failing_) {
    log::Error("the state of alerts cannot be saved; a restart would tell them anew",
               {{"rule", key()}, {"error", saved.error().message}});
  }
  save_failing_ = !saved;
}

Notification AlertingRule::Told(const Alert& alert, const Turn& turn) const {
  // Told again four times before anybody may take it for resolved.
  const int64_t validity = 4 * std::max(turn.interval, Millis(evaluation().resend_delay));
  return {.labels = alert.labels,
          .annotations = alert.annotations,
          .starts_at = alert.fired_at.value_or(alert.active_at),
          .ends_at = alert.resolved_at.value_or(turn.time + validity),
          .generator_url = evaluation().external_url + TableLink(definition().query)};
}

void AlertingRule::Describe(RuleStatus* status) const {
  for (const auto& [labels, alert] : alerts_) {
    if (alert.state == AlertState::kInactive) continue;
    status->state = std::max(status->state, alert.state);
    status->alerts.push_back(alert);
  }
}

}  // namespace sidelight::rules
