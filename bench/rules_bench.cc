// What evaluating rules costs: a turn of 1,000 alert rules over 10,000 series, beside the engine alone with
// the same expressions. The budget is a second of one core for the turn.
#include <benchmark/benchmark.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "bench/query/workload.h"
#include "core/base/clock.h"
#include "core/storage/store.h"
#include "rules/evaluation/manager.h"
#include "rules/evaluation/rule_file.h"
#include "rules/promql/engine.h"
#include "rules/promql/parser.h"

namespace sidelight::bench {
namespace {

constexpr UnixMillis kOrigin = 1'700'000'000'000;
constexpr UnixMillis kEnd = kOrigin + 600'000;
constexpr int kRules = 1000;

std::unique_ptr<storage::Store> Filled() {
  auto store = *storage::Store::Open({.first_zero = false});
  Fill(Workload(kOrigin), kOrigin, kEnd, 1000, store.get());
  return store;
}

// Ten rules for each of the 100 routes; `comparison` says whether they fire.
std::vector<std::string> Expressions(const std::string& comparison) {
  std::vector<std::string> out;
  const std::vector<std::string> shares = RuleExpressions();
  for (int i = 0; i < kRules; ++i) {
    const std::string& share = shares[static_cast<size_t>(i) % shares.size()];
    out.push_back("(" + share.substr(0, share.rfind(" > ")) + ")" + comparison);
  }
  return out;
}

promql::Vector Ask(const promql::Engine& engine, const storage::Store& store, const promql::Expr& expr,
                   UnixMillis time) {
  return std::get<promql::Vector>(engine.Instant(store, expr, time, {})->value);
}

void EngineAlone(benchmark::State& state) {
  const auto store = Filled();
  const promql::Engine engine({}, SystemClock());
  std::vector<promql::ExprPtr> exprs;
  for (const std::string& text : Expressions(state.range(0) != 0 ? " >= 0" : " > 2")) {
    exprs.push_back(*promql::Parse(text, {}));
  }
  size_t elements = 0;
  for (auto _ : state) {
    elements = 0;
    for (const promql::ExprPtr& expr : exprs) elements += Ask(engine, *store, *expr, kEnd).size();
  }
  state.counters["elements"] = static_cast<double>(elements);
}
BENCHMARK(EngineAlone)->Arg(0)->Arg(1)->ArgName("firing")->Unit(benchmark::kMillisecond);

void TurnOfRules(benchmark::State& state) {
  const auto store = Filled();
  const promql::Engine engine({}, SystemClock());
  size_t told = 0;
  rules::Evaluation evaluation;
  evaluation.query = [&](const promql::Expr& expr, UnixMillis time) -> Result<promql::Vector> {
    return Ask(engine, *store, expr, time);
  };
  evaluation.appender = [&] { return store->MakeAppender(); };
  evaluation.notify = [&](std::vector<rules::Notification> alerts) { told += alerts.size(); };
  rules::Manager manager({.interval = std::chrono::seconds(1), .evaluation = std::move(evaluation)});

  std::string yaml = "groups:\n- name: g\n  rules:\n";
  int number = 0;
  for (const std::string& text : Expressions(state.range(0) != 0 ? " >= 0" : " > 2")) {
    yaml += "  - alert: Errors" + std::to_string(number++) + "\n    expr: '" + text +
            "'\n    annotations: {summary: '{{ $labels.route }} fails: {{ $value | humanizePercentage }}'}\n";
  }
  Result<rules::RuleFile> file = rules::ParseRuleFile(yaml, "rules.yaml", {});
  if (!file) {
    state.SkipWithError(file.error().message.c_str());
    return;
  }
  UnixMillis time = kEnd - 60'000;  // the past goes on for all the turns
  manager.Update(std::move(file->groups), time);
  for (auto _ : state) {
    manager.RunDue(time);
    time += 1000;
  }
  const rules::GroupStatus group = manager.Groups().at(0);
  size_t alerts = 0;
  for (const rules::RuleStatus& rule : group.rules) alerts += rule.alerts.size();
  state.counters["alerts"] = static_cast<double>(alerts);
  state.counters["told"] = static_cast<double>(told);
  state.counters["failures"] = static_cast<double>(group.failures);
}
BENCHMARK(TurnOfRules)->Arg(0)->Arg(1)->ArgName("firing")->Unit(benchmark::kMillisecond)->Iterations(30);

}  // namespace
}  // namespace sidelight::bench
