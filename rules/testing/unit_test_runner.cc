#include "rules/testing/unit_test_runner.h"

#include <fmt/format.h>
#include <glob.h>
#include <re2/re2.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <set>
#include <utility>

#include "rules/evaluation/go_time.h"
#include "rules/evaluation/group.h"
#include "rules/evaluation/rule_file.h"
#include "rules/promql/printer.h"
#include "rules/testing/sandbox.h"
#include "rules/testing/unit_test_file.h"
#include "rules/testing/unit_test_text.h"

namespace sidelight::ruletest {
namespace {

using rules::GroupDefinition;

bool ByLabels(const ExpectedAlert& a, const ExpectedAlert& b) {
  return a.labels == b.labels ? a.annotations < b.annotations : a.labels < b.labels;
}

bool SameFloat(double wanted, double got, bool fuzzy) {
  if (wanted == got || (std::isnan(wanted) && std::isnan(got))) return true;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  return fuzzy && (std::nextafter(wanted, -kInfinity) == got || std::nextafter(wanted, kInfinity) == got);
}

bool SameSample(const ExpectedSample& wanted, const ExpectedSample& got, bool fuzzy) {
  if (wanted.labels != got.labels || (wanted.histogram == nullptr) != (got.histogram == nullptr))
    return false;
  if (wanted.histogram == nullptr) return SameFloat(wanted.value, got.value, fuzzy);
  return wanted.histogram->ToTestText() == got.histogram->ToTestText();
}

std::string GoText(int64_t millis) {
  return rules::DurationText(millis * 1'000'000);
}

// The paths that match, sorted; none when there is no such file.
std::vector<std::string> Glob(const std::string& pattern) {
  std::vector<std::string> paths;
  glob_t found{};
  if (glob(pattern.c_str(), 0, nullptr, &found) == 0) {
    paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  }
  globfree(&found);
  return paths;
}

// One test, in a sandbox of its own.
class TestRun {
 public:
  TestRun(const UnitTestFile& file, const UnitTest& test, Sandbox& sandbox,
          const std::vector<GroupDefinition>& groups, std::vector<std::string>* failures)
      : file_(file), test_(test), sandbox_(sandbox), failures_(*failures) {
    evaluation_ = sandbox.MakeEvaluation();
    evaluation_.external_labels = test.external_labels;
    evaluation_.external_url = test.external_url;
    for (const GroupDefinition& group : groups) {
      groups_.push_back(std::make_unique<rules::Group>(
          group, std::chrono::milliseconds(file.evaluation_interval), evaluation_));
    }
    for (const promqltest::WrittenSeries& series : test.series) inputs_.push_back({&series});
    for (const AlertTest& alert_test : test.alert_tests) alert_tests_.push_back(&alert_test);
    std::stable_sort(alert_tests_.begin(), alert_tests_.end(),
                     [](const AlertTest* a, const AlertTest* b) { return a->eval_time < b->eval_time; });
  }

  void Run() {
    const int64_t latest = test_.LatestEvalTime();
    size_t next_alert_test = 0;
    for (int64_t at = 0; at <= latest; at += file_.evaluation_interval) {
      if (!AppendUpTo(at)) return;
      for (const auto& group : groups_) group->Evaluate(test_.start + at);
      const std::vector<rules::GroupStatus> statuses = Statuses();
      if (!CheckHealth(statuses, at)) return;
      for (; next_alert_test < alert_tests_.size(); ++next_alert_test) {
        const AlertTest& alert_test = *alert_tests_[next_alert_test];
        if (alert_test.eval_time >= at + file_.evaluation_interval) break;
        CheckAlerts(statuses, alert_test);
      }
    }
    for (const ExpressionTest& expression_test : test_.expression_tests) CheckExpression(expression_test);
  }

 private:
  struct Input {
    const promqltest::WrittenSeries* series;
    size_t next = 0;  // of its values
    storage::SeriesRef ref = 0;
  };

  Status Append(Input& input, UnixMillis time, storage::Appender& appender) {
    const promqltest::SequenceValue& value = input.series->values[input.next];
    if (value.omitted) return {};
    const Labels& labels = input.series->labels;
    const Result<storage::SeriesRef> appended =
        value.histogram == nullptr ? appender.Append(input.ref, labels, time, value.value)
                                   : appender.AppendHistogram(input.ref, labels, time, value.histogram);
    if (!appended) {
      return Fail(appended.error().code,
                  fmt::format("    input_series: {}, time: {}, err: {}", labels.ToString(),
                              GoText(time - test_.start), appended.error().message));
    }
    input.ref = *appended;
    return {};
  }

  // Whether the store took all samples up to that time.
  bool AppendUpTo(int64_t at) {
    const std::unique_ptr<storage::Appender> appender = sandbox_.store().MakeAppender();
    Status status;
    for (Input& input : inputs_) {
      for (; status && input.next < input.series->values.size(); ++input.next) {
        const int64_t time = static_cast<int64_t>(input.next) * test_.interval;
        if (time > at) break;
        status = Append(input, test_.start + time, *appender);
      }
    }
    if (status) status = appender->Commit();
    if (!status) failures_.push_back(status.error().message);
    return status.has_value();
  }

  std::vector<rules::GroupStatus> Statuses() const {
    std::vector<rules::GroupStatus> statuses;
    for (const auto& group : groups_) statuses.push_back(group->status());
    return statuses;
  }

  // Whether every rule could be evaluated. A test ends where one could not.
  bool CheckHealth(const std::vector<rules::GroupStatus>& statuses, int64_t at) {
    bool healthy = true;
    for (const rules::GroupStatus& group : statuses) {
      for (const rules::RuleStatus& rule : group.rules) {
        if (rule.last_error.empty()) continue;
        healthy = false;
        failures_.push_back(fmt::format("    rule: {}, time: {}, err: {}", rule.definition.name, GoText(at),
                                        rule.last_error));
      }
    }
    return healthy;
  }

  void CheckAlerts(const std::vector<rules::GroupStatus>& statuses, const AlertTest& alert_test) {
    std::vector<ExpectedAlert> wanted = alert_test.alerts;
    std::vector<ExpectedAlert> got;
    for (const rules::GroupStatus& group : statuses) {
      for (const rules::RuleStatus& rule : group.rules) {
        if (rule.definition.name != alert_test.alertname) continue;
        for (const rules::Alert& alert : rule.alerts) {
          if (alert.state == rules::AlertState::kFiring) got.push_back({alert.labels, alert.annotations});
        }
      }
    }
    std::sort(wanted.begin(), wanted.end(), ByLabels);
    std::sort(got.begin(), got.end(), ByLabels);
    const auto same = [](const ExpectedAlert& a, const ExpectedAlert& b) {
      return a.labels == b.labels && a.annotations == b.annotations;
    };
    if (std::equal(wanted.begin(), wanted.end(), got.begin(), got.end(), same)) return;
    const std::string name = test_.name.empty() ? "" : fmt::format("    name: {},\n", test_.name);
    failures_.push_back(fmt::format("{}    alertname: {}, time: {}, \n        exp:{}, \n        got:{}", name,
                                    alert_test.alertname, promql::FormatDuration(alert_test.eval_time),
                                    AlertsText(wanted), AlertsText(got)));
  }

  void CheckExpression(const ExpressionTest& test) {
    const std::string head = fmt::format("    expr: {}, time: {},", promql::Quote(test.expr),
                                         promql::FormatDuration(test.eval_time));
    const Result<promql::Vector> result = sandbox_.Query(test.expr, test_.start + test.eval_time);
    if (!result) {
      failures_.push_back(fmt::format("{} err: {}", head, result.error().message));
      return;
    }
    std::vector<ExpectedSample> wanted = test.samples;
    std::vector<ExpectedSample> got;
    for (const promql::Sample& sample : *result)
      got.push_back({sample.labels, sample.value, sample.histogram});
    const auto by_labels = [](const ExpectedSample& a, const ExpectedSample& b) {
      return a.labels < b.labels;
    };
    std::stable_sort(wanted.begin(), wanted.end(), by_labels);
    std::stable_sort(got.begin(), got.end(), by_labels);
    const auto same = [this](const ExpectedSample& a, const ExpectedSample& b) {
      return SameSample(a, b, file_.fuzzy_compare);
    };
    if (std::equal(wanted.begin(), wanted.end(), got.begin(), got.end(), same)) return;
    failures_.push_back(
        fmt::format("{}\n        exp: {}\n        got: {}", head, SamplesText(wanted), SamplesText(got)));
  }

  const UnitTestFile& file_;
  const UnitTest& test_;
  Sandbox& sandbox_;
  std::vector<std::string>& failures_;
  rules::Evaluation evaluation_;
  std::vector<std::unique_ptr<rules::Group>> groups_;  // in the order of evaluation
  std::vector<Input> inputs_;
  std::vector<const AlertTest*> alert_tests_;  // by time
};

// Groups that group_eval_order does not name keep their places before those that come second in it.
void SortGroups(const std::vector<std::string>& order, std::vector<GroupDefinition>* groups) {
  const auto place = [&order](const GroupDefinition& group) {
    const auto found = std::find(order.begin(), order.end(), group.name);
    return found == order.end() ? 0 : found - order.begin();
  };
  std::stable_sort(groups->begin(), groups->end(),
                   [&](const GroupDefinition& a, const GroupDefinition& b) { return place(a) < place(b); });
}

Result<std::vector<GroupDefinition>> LoadGroups(const UnitTestFile& file, const UnitTestOptions& options,
                                                UnitTestReport* report) {
  const std::filesystem::path folder = std::filesystem::path(file.path).parent_path();
  std::vector<GroupDefinition> groups;
  std::set<std::string> loaded;
  std::string errors;
  for (const std::string& pattern : file.rule_files) {
    const std::vector<std::string> paths = Glob((folder / pattern).string());
    if (paths.empty()) report->warnings.push_back(fmt::format("no file match pattern {}", pattern));
    for (const std::string& path : paths) {
      if (!loaded.insert(path).second) continue;
      Result<rules::RuleFile> rule_file = rules::LoadRuleFile(
          path, {.parser = options.parser, .ignore_unknown_fields = options.ignore_unknown_fields});
      if (!rule_file) {
        errors += (errors.empty() ? "" : "\n") + rule_file.error().message;
        continue;
      }
      for (std::string& warning : rule_file->warnings) report->warnings.push_back(std::move(warning));
      for (GroupDefinition& group : rule_file->groups) groups.push_back(std::move(group));
    }
  }
  if (!errors.empty()) return Fail(ErrorCode::kInvalidArgument, std::move(errors));
  SortGroups(file.group_eval_order, &groups);
  return groups;
}

}  // namespace

struct NameFilter::Patterns {
  std::vector<std::unique_ptr<RE2>> patterns;
};

NameFilter::NameFilter() = default;

Result<NameFilter> NameFilter::Make(const std::vector<std::string>& patterns) {
  NameFilter filter;
  if (patterns.empty()) return filter;
  auto compiled = std::make_shared<Patterns>();
  for (const std::string& pattern : patterns) {
    auto one = std::make_unique<RE2>(pattern, RE2::Quiet);
    if (!one->ok()) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("{} is no regular expression: {}", promql::Quote(pattern), one->error()));
    }
    compiled->patterns.push_back(std::move(one));
  }
  filter.patterns_ = std::move(compiled);
  return filter;
}

bool NameFilter::Matches(const std::string& name) const {
  if (patterns_ == nullptr) return true;
  const auto& patterns = patterns_->patterns;
  return std::any_of(patterns.begin(), patterns.end(),
                     [&name](const auto& pattern) { return RE2::PartialMatch(name, *pattern); });
}

UnitTestReport RunUnitTestFile(const std::string& path, const UnitTestOptions& options) {
  UnitTestReport report;
  const Result<UnitTestFile> file = LoadUnitTestFile(path);
  if (!file) {
    report.failures.push_back(file.error().message);
    return report;
  }
  std::vector<const UnitTest*> chosen;
  for (const UnitTest& test : file->tests) {
    if (options.filter.Matches(test.name)) chosen.push_back(&test);
  }
  if (chosen.empty()) return report;
  const Result<std::vector<GroupDefinition>> groups = LoadGroups(*file, options, &report);
  if (!groups) {
    report.failures.push_back(groups.error().message);
    return report;
  }
  for (const UnitTest* const test : chosen) {
    const Result<std::unique_ptr<Sandbox>> sandbox =
        Sandbox::Open({.default_subquery_step = std::chrono::milliseconds(file->evaluation_interval),
                       .parser = options.parser});
    if (!sandbox) {
      report.failures.push_back(sandbox.error().message);
      return report;
    }
    ++report.tests;
    TestRun(*file, *test, **sandbox, *groups, &report.failures).Run();
  }
  return report;
}

}  // namespace sidelight::ruletest
