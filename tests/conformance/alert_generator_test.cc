// The alert generator suite on a simulated clock: alert_generator_test [SUITE]. $SIDELIGHT_CONFORMANCE goes
// first.
//
// Every series and every expected life cycle is in the suite's timelines.json. At each evaluation the state
// of every alert, its value, activeAt and annotations, the ALERTS series and all that was told are compared
// with what the timelines, and the rules of sending in its summary.md, say. That is done twice: the groups
// are evaluated along with every other sample, and with those between.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/base/float_text.h"
#include "rules/evaluation/manager.h"
#include "rules/evaluation/rule_file.h"
#include "rules/testing/sandbox.h"

namespace {

using namespace sidelight;
using nlohmann::json;

constexpr int kSkipped = 77;
constexpr int64_t kInterval = 30;  // of the groups, in seconds
constexpr int64_t kScrape = 15;
constexpr int64_t kEnd = 3600;
constexpr int64_t kResendDelay = 60;
constexpr int64_t kResolvedRetention = 900;
const std::string kExternalUrl = "http://sidelight.test:9464";

constexpr UnixMillis kFirstEvaluation = 1'700'000'010'000;  // a full multiple of the groups' interval
// Of the suite's times, and so many seconds before the first evaluation.
UnixMillis start = 0;
int64_t phase = 0;

size_t checks = 0;
std::vector<std::string> failures;

void Check(bool good, const std::string& message) {
  ++checks;
  if (!good) failures.push_back(message);
}

template <class T, class U>
void CheckSame(const T& wanted, const U& got, const std::string& what) {
  Check(wanted == got, fmt::format("{}: wanted {}, got {}", what, wanted, got));
}

Labels ToLabels(const json& object, std::vector<Label> more = {}) {
  std::vector<std::pair<std::string, std::string>> texts;
  for (const auto& [name, value] : object.items()) texts.emplace_back(name, value.get<std::string>());
  for (const auto& [name, value] : texts) more.push_back({name, value});
  return Labels(more);
}

// The first evaluation at or after `at` seconds.
int64_t EvaluationFrom(int64_t at) {
  return (at - phase + kInterval - 1) / kInterval * kInterval + phase;
}

// A series of the suite, whose samples enter the store as their time comes.
struct Input {
  Labels labels;
  std::vector<double> values;
};

// What one alert should be at one evaluation.
struct Expected {
  rules::AlertState state = rules::AlertState::kInactive;
  std::string value;
  UnixMillis active_at = 0;
  std::map<std::string, std::string> annotations;  // of which the timeline says something
};

// One alert through its life, and what is to be told of it.
class Life {
 public:
  explicit Life(const json& spec)
      : name_(spec.at("alert").get<std::string>()),
        labels_(ToLabels(spec.at("labels"), {{"alertname", name_}})),
        timeline_(spec.at("timeline")) {}

  const std::string& name() const { return name_; }
  const Labels& labels() const { return labels_; }
  const Expected& expected() const { return expected_; }

  // Moves on to the evaluation at `at` seconds.
  void MoveTo(int64_t at) {
    const rules::AlertState before = expected_.state;
    for (const json& entry : timeline_) {
      const int64_t since = entry.at("at").get<int64_t>();
      if (since > at || since <= at - kInterval) continue;
      const std::string state = entry.at("state").get<std::string>();
      const bool was_active = expected_.state != rules::AlertState::kInactive;
      expected_.state = state == "firing"    ? rules::AlertState::kFiring
                        : state == "pending" ? rules::AlertState::kPending
                                             : rules::AlertState::kInactive;
      if (!was_active) {
        expected_.active_at = start + at * 1000;
        expected_.annotations.clear();
      }
      if (entry.contains("value")) expected_.value = entry.at("value").get<std::string>();
      if (entry.contains("annotations")) {
        for (const auto& [key, text] : entry.at("annotations").items()) {
          expected_.annotations[key] = text.get<std::string>();
        }
      }
      if (entry.contains("activeAt")) {
        // The time of the sample; the state appears at the first evaluation at or after it.
        CheckSame(start + EvaluationFrom(entry.at("activeAt").get<int64_t>()) * 1000, expected_.active_at,
                  fmt::format("{}: activeAt of the timeline at {}", name_, since));
      }
    }
    if (name_ == "PendingAndFiringAndResolved_SimpleAlert" &&
        expected_.state != rules::AlertState::kInactive) {
      expected_.annotations["summary"] = fmt::format("The value is {} {}", expected_.value, expected_.value);
    }
    told_.reset();
    if (expected_.state == rules::AlertState::kFiring) {
      if (before != rules::AlertState::kFiring) {
        fired_at_ = at;
        resolved_at_.reset();
        Tell(at);
      } else if (at - told_at_ >= kResendDelay) {
        Tell(at);
      }
    } else if (expected_.state == rules::AlertState::kPending) {
      resolved_at_.reset();  // a new alert with the same labels: nothing more is said of the old one
    } else if (before == rules::AlertState::kFiring) {
      resolved_at_ = at;
      Tell(at);
    } else if (resolved_at_ && at - *resolved_at_ < kResolvedRetention && at - told_at_ >= kResendDelay) {
      Tell(at);
    }
  }

  // What is to be told at this evaluation: when it fired, and until when it holds, or when it was resolved.
  struct Told {
    UnixMillis starts_at;
    UnixMillis ends_at;
  };
  const std::optional<Told>& told() const { return told_; }

 private:
  void Tell(int64_t at) {
    told_at_ = at;
    const int64_t ends = resolved_at_.value_or(at + 4 * std::max(kResendDelay, kInterval));
    told_ = Told{start + fired_at_ * 1000, start + ends * 1000};
  }

  const std::string name_;
  const Labels labels_;
  const json timeline_;
  Expected expected_;
  int64_t fired_at_ = 0;
  std::optional<int64_t> resolved_at_;
  int64_t told_at_ = 0;
  std::optional<Told> told_;
};

void CheckAnnotations(const Expected& expected, const Labels& got, const std::string& what) {
  for (const auto& [name, text] : expected.annotations) {
    CheckSame(text, std::string(got.Get(name)), fmt::format("{}, annotation {}", what, name));
  }
}

void CheckActive(const std::vector<Life>& lives, const std::vector<rules::GroupStatus>& groups,
                 const std::string& when) {
  std::map<Labels, const rules::Alert*> got;
  for (const rules::GroupStatus& group : groups) {
    for (const rules::RuleStatus& rule : group.rules) {
      Check(rule.health == rules::RuleHealth::kOk,
            fmt::format("{}: {}: {}", when, rule.definition.name, rule.last_error));
      for (const rules::Alert& alert : rule.alerts) got.emplace(alert.labels, &alert);
    }
  }
  for (const Life& life : lives) {
    const std::string what = fmt::format("{}: {}", when, life.labels().ToString());
    const Expected& wanted = life.expected();
    const auto found = got.find(life.labels());
    const rules::AlertState state = found == got.end() ? rules::AlertState::kInactive : found->second->state;
    CheckSame(rules::AlertStateName(wanted.state), rules::AlertStateName(state), what);
    if (found == got.end()) continue;
    const rules::Alert& alert = *found->second;
    if (!wanted.value.empty()) CheckSame(wanted.value, FloatText(alert.value), what + ", value");
    CheckSame(wanted.active_at, alert.active_at, what + ", activeAt");
    CheckAnnotations(wanted, alert.annotations, what);
    got.erase(found);
  }
  for (const auto& [labels, alert] : got) {
    Check(false, fmt::format("{}: an alert that nobody expects: {}", when, labels.ToString()));
  }
}

void CheckSeries(const std::vector<Life>& lives, const ruletest::Sandbox& sandbox, UnixMillis time,
                 const std::string& when) {
  std::map<Labels, double> wanted;
  for (const Life& life : lives) {
    if (life.expected().state == rules::AlertState::kInactive) continue;
    std::vector<Label> labels;
    for (const Label label : life.labels()) labels.push_back(label);
    labels.push_back({"__name__", "ALERTS"});
    labels.push_back({"alertstate", rules::AlertStateName(life.expected().state)});
    wanted.emplace(Labels(labels), 1);
  }
  const Result<promql::Vector> got = sandbox.Query("ALERTS", time);
  Check(got.has_value(), when + ": ALERTS cannot be queried");
  if (!got) return;
  for (const promql::Sample& sample : *got) {
    const auto found = wanted.find(sample.labels);
    Check(
        found != wanted.end() && found->second == sample.value,
        fmt::format("{}: a series that nobody expects: {} {}", when, sample.labels.ToString(), sample.value));
    if (found != wanted.end()) wanted.erase(found);
  }
  for (const auto& [labels, value] : wanted) {
    Check(false, fmt::format("{}: this series is missing: {}", when, labels.ToString()));
  }
}

void CheckTold(const std::vector<Life>& lives, const std::vector<rules::Notification>& told,
               const std::string& when) {
  std::map<Labels, const rules::Notification*> got;
  for (const rules::Notification& one : told) {
    Check(got.emplace(one.labels, &one).second,
          fmt::format("{}: told twice: {}", when, one.labels.ToString()));
  }
  for (const Life& life : lives) {
    const std::string what = fmt::format("{}: told of {}", when, life.labels().ToString());
    const auto found = got.find(life.labels());
    CheckSame(life.told().has_value(), found != got.end(), what);
    if (found == got.end()) continue;
    const rules::Notification& one = *found->second;
    if (life.told()) {
      CheckSame(life.told()->starts_at, one.starts_at, what + ", startsAt");
      CheckSame(life.told()->ends_at, one.ends_at, what + ", endsAt");
    }
    CheckAnnotations(life.expected(), one.annotations, what);
    Check(one.generator_url.starts_with(kExternalUrl + "/graph?g0.expr="), what + ": " + one.generator_url);
    got.erase(found);
  }
  for (const auto& [labels, one] : got) {
    Check(false, fmt::format("{}: told of an alert that nobody expects: {}", when, labels.ToString()));
  }
}

void Append(const std::vector<Input>& inputs, int64_t at, ruletest::Sandbox* sandbox) {
  const auto number = static_cast<size_t>(at / kScrape);
  const std::unique_ptr<storage::Appender> appender = sandbox->store().MakeAppender();
  for (const Input& input : inputs) {
    if (number >= input.values.size()) continue;
    Check(appender->Append(0, input.labels, start + at * 1000, input.values[number]).has_value(),
          "a sample of the suite was refused");
  }
  Check(appender->Commit().has_value(), "the samples of the suite were refused");
}

int Run(const std::filesystem::path& folder, int64_t with_phase) {
  phase = with_phase;
  start = kFirstEvaluation - phase * 1000;
  checks = 0;
  failures.clear();
  std::ifstream stream(folder / "timelines.json");
  const json timelines = json::parse(stream);
  std::vector<Input> inputs;
  std::vector<Life> lives;
  for (const json& group : timelines.at("groups")) {
    for (const json& series : group.at("series")) {
      const std::string metric = timelines.at("metric").get<std::string>();
      Input input{.labels = ToLabels(series.at("labels"), {{"__name__", metric}})};
      for (const json& run : series.at("samples")) {
        input.values.insert(input.values.end(), run.at(1).get<size_t>(), run.at(0).get<double>());
      }
      inputs.push_back(std::move(input));
    }
    for (const json& state : group.at("states")) lives.emplace_back(state);
  }

  const Result<rules::RuleFile> file = rules::LoadRuleFile((folder / "rules.yaml").string(), {});
  const Result<std::unique_ptr<ruletest::Sandbox>> sandbox = ruletest::Sandbox::Open({});
  if (!file || !sandbox) {
    fmt::print("{}\n", (file ? sandbox.error() : file.error()).message);
    return 1;
  }
  std::vector<rules::Notification> told;
  rules::Evaluation evaluation = (*sandbox)->MakeEvaluation();
  evaluation.external_url = kExternalUrl;
  evaluation.resend_delay = std::chrono::seconds(kResendDelay);
  evaluation.notify = [&told](std::vector<rules::Notification> more) {
    for (rules::Notification& one : more) told.push_back(std::move(one));
  };
  rules::Manager manager({.evaluation = std::move(evaluation)});
  manager.Update(file->groups, start);

  size_t notifications = 0;
  for (int64_t at = 0; at <= kEnd; at += kScrape) {
    Append(inputs, at, sandbox->get());
    if (at % kInterval != phase) continue;
    const UnixMillis now = start + at * 1000;
    const std::string when = fmt::format("{} s", at);
    CheckSame(now, manager.NextDue().value_or(0), when + ", the next evaluation");
    told.clear();
    manager.RunDue(now);
    for (Life& life : lives) life.MoveTo(at);
    CheckActive(lives, manager.Groups(), when);
    CheckSeries(lives, **sandbox, now, when);
    CheckTold(lives, told, when);
    notifications += told.size();
  }
  for (const std::string& failure : failures) fmt::print("{}\n", failure);
  fmt::print("phase {} s: {} alerts, {} notifications, {} checks, {} failures\n", phase, lives.size(),
             notifications, checks, failures.size());
  return failures.empty() && notifications > 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const char* const variable = std::getenv("SIDELIGHT_CONFORMANCE");
  const std::filesystem::path suite = variable != nullptr ? variable : argc > 1 ? argv[1] : "";
  const std::filesystem::path folder = suite / "alert_generator";
  if (std::error_code error; !std::filesystem::exists(folder / "timelines.json", error)) {
    fmt::print("skipped: there is no {}; SIDELIGHT_CONFORMANCE says where the suite is\n",
               (folder / "timelines.json").string());
    return kSkipped;
  }
  int worst = 0;
  for (int64_t with_phase = 0; with_phase < kInterval; with_phase += kScrape) {
    worst = std::max(worst, Run(folder, with_phase));
  }
  return worst;
}
