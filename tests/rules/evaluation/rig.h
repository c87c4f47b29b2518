// A manager with everything it needs, on a clock of its own: a store in memory, the engine, a state that
// survives the manager, and a list of what was told.
//
//   Rig rig(R"(
//     groups:
//     - name: g
//       rules: [{alert: Down, expr: up == 0, for: 10s}])");
//   rig.Put("up", 0);            // a sample now
//   rig.Turn();                  // evaluates what is due now
//   rig.Advance(5s)
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/storage/store.h"
#include "rules/evaluation/manager.h"
#include "rules/evaluation/rule_file.h"
#include "rules/promql/engine.h"
#include "tests/support/fake_clock.h"

namespace sidelight::rules {

using namespace std::chrono_literals;

// The state, in memory: it outlives managers, as a file outlives processes.
class MemoryAlertStore final : public AlertStore {
 public:
  std::vector<Stored> Load() override {
    std::vector<Stored> all;
    for (const auto& [key, alert] : rows_) all.push_back({key.first, alert});
    return all;
  }
  Status Save(std::span<const Change> changes) override {
    ++saves;
    if (fails) return Fail(ErrorCode::kUnavailable, "disk full");
    for (const Change& change : changes) {
      const std::pair key(change.rule, change.alert->labels);
      if (change.remove) {
        rows_.erase(key);
      } else {
        rows_.insert_or_assign(key, *change.alert);
      }
    }
    return {};
  }
  Status Retain(std::span<const std::string> rules) override {
    std::erase_if(rows_, [&](const auto& row) {
      return std::find(rules.begin(), rules.end(), row.first.first) == rules.end();
    });
    return {};
  }
  size_t rows() const { return rows_.size(); }

  int saves = 0;
  bool fails = false;

 private:
  std::map<std::pair<std::string, Labels>, Alert> rows_;
};

inline std::vector<GroupDefinition> GroupsOf(std::string yaml) {
  Result<RuleFile> file = ParseRuleFile(std::move(yaml), "rules.yaml", {});
  if (!file) {
    ADD_FAILURE() << file.error().message;
    return {};
  }
  return std::move(file->groups);
}

class Rig {
 public:
  explicit Rig(std::string yaml, Evaluation evaluation = {}) : settings_(std::move(evaluation)) {
    Result<std::unique_ptr<storage::Store>> opened = storage::Store::Open({.clock = &clock});
    store = *std::move(opened);
    Load(std::move(yaml));
  }

  // A new manager over the same store and the same state: what a restart is. The settings may be others.
  void Restart(std::string yaml, Evaluation evaluation) {
    settings_ = std::move(evaluation);
    manager.reset();
    Load(std::move(yaml));
    manager->Restore();
  }
  void Reload(std::string yaml) { manager->Update(GroupsOf(std::move(yaml)), Now()); }

  UnixMillis Now() const { return clock.UnixNow(); }
  void Put(const std::string& name, double value, const Labels& labels = {}) {
    std::vector<Label> all = {{"__name__", name}};
    for (const Label label : labels) all.push_back(label);
    const auto appender = store->MakeAppender();
    const auto appended = appender->Append(0, Labels(all), Now(), value);
    ASSERT_TRUE(appended) << appended.error().message;
    ASSERT_TRUE(appender->Commit());
  }
  void Advance(Duration by) { clock.Advance(by); }
  void Turn() { manager->RunDue(Now()); }
  // So many turns, each `step` after the one before.
  void Turns(int count, Duration step = 5s) {
    for (int i = 0; i < count; ++i) {
      Advance(step);
      Turn();
    }
  }

  RuleStatus Rule(size_t group = 0, size_t rule = 0) const {
    return manager->Groups().at(group).rules.at(rule);
  }
  // "firing", "pending" or "inactive": the alert of the first rule.
  std::string State() const { return std::string(AlertStateName(Rule().state)); }
  // What the query gives now, "{labels} value", one to a line.
  std::string Ask(const std::string& query) const {
    const Result<promql::ExprPtr> expr = promql::Parse(query, {});
    const Result<promql::Vector> vector = Query(**expr, Now());
    if (!vector) return vector.error().message;
    std::vector<std::string> lines;
    for (const promql::Sample& sample : *vector) {
      lines.push_back(sample.labels.ToString() + " " + std::to_string(static_cast<int64_t>(sample.value)));
    }
    std::sort(lines.begin(), lines.end());
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    return text;
  }
  // What was told since the last call: "firing NAME" or "resolved NAME".
  std::vector<std::string> Told() {
    std::vector<std::string> out;
    for (const Notification& n : std::exchange(told, {})) {
      out.push_back((n.ends_at > Now() ? "firing " : "resolved ") + std::string(n.labels.Get("alertname")));
    }
    return out;
  }

  FakeClock clock{1'700'000'000'000 -
                  1000};  // a multiple of most intervals once the clock's first second is over
  std::unique_ptr<storage::Store> store;
  MemoryAlertStore state;
  std::vector<Notification> told;
  std::unique_ptr<Manager> manager;

 private:
  Result<promql::Vector> Query(const promql::Expr& expr, UnixMillis time) const {
    Result<promql::QueryResult> result = engine_.Instant(*store, expr, time, {});
    if (!result) return tl::unexpected(result.error());
    if (auto* const vector = std::get_if<promql::Vector>(&result->value)) return std::move(*vector);
    return promql::Vector{{.time = time, .value = std::get<promql::Scalar>(result->value).value}};
  }
  void Load(std::string yaml) {
    Evaluation evaluation = settings_;
    evaluation.query = [this](const promql::Expr& expr, UnixMillis time) { return Query(expr, time); };
    evaluation.appender = [this] { return store->MakeAppender(); };
    evaluation.notify = [this](std::vector<Notification> alerts) {
      for (Notification& alert : alerts) told.push_back(std::move(alert));
    };
    evaluation.store = &state;
    evaluation.clock = &clock;
    manager =
        std::make_unique<Manager>(Manager::Options{.interval = 5s, .evaluation = std::move(evaluation)});
    Reload(std::move(yaml));
  }

  Evaluation settings_;
  promql::Engine engine_{{}, clock};
};

}  // namespace sidelight::rules
