#include "src/api/rules_json.h"

#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "core/base/clock.h"
#include "core/base/float_text.h"
#include "src/api/query_json.h"

namespace sidelight::api {
namespace {

using rules::Alert;
using rules::GroupStatus;
using rules::RuleDefinition;
using rules::RuleStatus;

// As Go prints a time that was never set.
constexpr std::string_view kNever = "0001-01-01T00:00:00Z";

// "1e+00", "NaN", "+Inf": Go's 'e' with the shortest digits.
std::string ScientificText(double value) {
  if (!std::isfinite(value)) return FloatText(value);
  std::array<char, 32> text{};
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::scientific);
  return {text.data(), end.ptr};
}

// Writes an object member by member.
class Object {
 public:
  explicit Object(std::string* out) : out_(*out) { out_ += '{'; }
  ~Object() { out_ += '}'; }
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;

  // The member's name; its value is appended next.
  std::string* Member(std::string_view name) {
    if (!first_) out_ += ',';
    first_ = false;
    AppendJsonString(name, &out_);
    out_ += ':';
    return &out_;
  }
  void Text(std::string_view name, std::string_view value) { AppendJsonString(value, Member(name)); }
  void Seconds(std::string_view name, Duration value) {
    // As Go adds the parts up, which keeps whole seconds whole.
    const auto whole = std::chrono::duration_cast<std::chrono::seconds>(value);
    *Member(name) += PlainFloatText(static_cast<double>(whole.count()) +
                                    static_cast<double>((value - whole).count()) / 1e9);
  }
  void Moment(std::string_view name, std::optional<UnixMillis> value) {
    Text(name, value ? FormatRfc3339(*value) : std::string(kNever));
  }
  void Set(std::string_view name, const Labels& value) { AppendJsonLabels(value, Member(name)); }
  void True(std::string_view name) { *Member(name) += "true"; }

 private:
  std::string& out_;
  bool first_ = true;
};

template <class Items, class Write>
void AppendList(const Items& items, const Write& write, std::string* out) {
  *out += '[';
  bool first = true;
  for (const auto& item : items) {
    if (!first) *out += ',';
    first = false;
    write(item, out);
  }
  *out += ']';
}

void AppendAlert(const Alert& alert, std::string* out) {
  Object object(out);
  object.Set("labels", alert.labels);
  object.Set("annotations", alert.annotations);
  object.Text("state", rules::AlertStateName(alert.state));
  object.Moment("activeAt", alert.active_at);
  if (alert.keep_firing_since) object.Moment("keepFiringSince", alert.keep_firing_since);
  object.Text("value", ScientificText(alert.value));
  if (alert.held) object.True("held");
}

void AppendRule(const RuleStatus& rule, bool exclude_alerts, std::string* out) {
  const RuleDefinition& definition = rule.definition;
  const bool alerting = definition.kind == RuleDefinition::Kind::kAlerting;
  Object object(out);
  if (alerting) object.Text("state", rules::AlertStateName(rule.state));
  object.Text("name", definition.name);
  object.Text("query", definition.query);
  if (alerting) {
    object.Seconds("duration", definition.hold);
    object.Seconds("keepFiringFor", definition.keep_firing_for);
  }
  object.Set("labels", definition.labels);
  if (alerting) {
    object.Set("annotations", definition.annotations);
    std::string* const alerts = object.Member("alerts");
    if (exclude_alerts) {
      *alerts += "null";
    } else {
      AppendList(rule.alerts, AppendAlert, alerts);
    }
  }
  object.Text("health", rules::RuleHealthName(rule.health));
  if (!rule.last_error.empty()) object.Text("lastError", rule.last_error);
  object.Seconds("evaluationTime", rule.evaluation_time);
  object.Moment("lastEvaluation", rule.last_evaluation);
  object.Text("type", alerting ? "alerting" : "recording");
  if (rule.held) object.True("held");
}

void AppendGroup(const GroupStatus& group, bool exclude_alerts, std::string* out) {
  Object object(out);
  object.Text("name", group.name);
  object.Text("file", group.file);
  AppendList(
      group.rules, [&](const RuleStatus& rule, std::string* into) { AppendRule(rule, exclude_alerts, into); },
      object.Member("rules"));
  object.Seconds("interval", group.interval);
  *object.Member("limit") += std::to_string(group.limit);
  object.Seconds("evaluationTime", group.evaluation_time);
  object.Moment("lastEvaluation", group.last_evaluation);
}

}  // namespace

std::string WriteRules(const std::vector<GroupStatus>& groups, bool exclude_alerts,
                       std::string_view next_token) {
  std::string out;
  {
    Object answer(&out);
    answer.Text("status", "success");
    Object data(answer.Member("data"));
    AppendList(
        groups,
        [&](const GroupStatus& group, std::string* into) { AppendGroup(group, exclude_alerts, into); },
        data.Member("groups"));
    if (!next_token.empty()) data.Text("groupNextToken", next_token);
  }
  return out;
}

std::string WriteAlerts(const std::vector<GroupStatus>& groups) {
  std::vector<Alert> alerts;
  for (const GroupStatus& group : groups) {
    for (const RuleStatus& rule : group.rules) {
      alerts.insert(alerts.end(), rule.alerts.begin(), rule.alerts.end());
    }
  }
  std::string out;
  {
    Object answer(&out);
    answer.Text("status", "success");
    Object data(answer.Member("data"));
    AppendList(alerts, AppendAlert, data.Member("alerts"));
  }
  return out;
}

}  // namespace sidelight::api
