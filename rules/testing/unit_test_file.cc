#include "rules/testing/unit_test_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "core/yaml/source.h"
#include "core/yaml/yaml.h"
#include "rules/promql/parser.h"
#include "rules/testing/histogram_notation.h"
#include "rules/testing/number_notation.h"

namespace sidelight::ruletest {
namespace {

constexpr int64_t kMinute = 60'000;
// So that every time of a test, and every window before it, can be reckoned with, in nanoseconds too.
constexpr int64_t kLatest = std::numeric_limits<int64_t>::max() / 1'000'000;

yaml::Document::Options YamlOptions() {
  return {.expand_environment = false, .as_go = true};
}

// Decodes one file; what is wrong in it stays with the document.
class Decoder {
 public:
  explicit Decoder(UnitTestFile* file) : file_(*file) {}

  void Decode(const yaml::Node& root) {
    yaml::Mapping mapping = root.AsMapping();
    mapping.Optional("rule_files", &file_.rule_files);
    file_.evaluation_interval = Interval(mapping, "evaluation_interval", kMinute);
    mapping.Optional("fuzzy_compare", &file_.fuzzy_compare);
    DecodeOrder(mapping.Get("group_eval_order"));
    if (const yaml::Node tests = mapping.Get("tests")) {
      for (const yaml::Node& test : tests.AsSequence()) DecodeTest(test);
    }
    mapping.Refuse("groups", "this is a file of rules; a file of tests names it under \"rule_files\"");
    mapping.Finish();
  }

 private:
  // In milliseconds; `fallback` where it is not given, or 0.
  static int64_t Interval(yaml::Mapping& mapping, std::string_view key, int64_t fallback) {
    const int64_t interval = Span(mapping.Get(key));
    return interval == 0 ? fallback : interval;
  }

  static int64_t Span(const yaml::Node& node) {
    Duration span{};
    if (!node || !node.Read(&span)) return 0;
    return std::chrono::duration_cast<std::chrono::milliseconds>(span).count();
  }

  void DecodeOrder(const yaml::Node& node) {
    if (!node) return;
    for (const yaml::Node& item : node.AsSequence()) {
      std::string name;
      if (!item.Read(&name)) continue;
      std::vector<std::string>& order = file_.group_eval_order;
      if (std::find(order.begin(), order.end(), name) != order.end()) {
        item.Fail(fmt::format("group name repeated in evaluation order: {}", name));
      }
      order.push_back(std::move(name));
    }
  }

  void DecodeTest(const yaml::Node& node) {
    yaml::Mapping mapping = node.AsMapping();
    UnitTest test;
    mapping.Optional("name", &test.name);
    test.interval = Interval(mapping, "interval", file_.evaluation_interval);
    if (const yaml::Node start = mapping.Get("start_timestamp")) DecodeStart(start, &test.start);
    if (const yaml::Node series = mapping.Get("input_series")) {
      SeriesPlaces places;
      for (const yaml::Node& item : series.AsSequence()) DecodeSeries(item, &test, &places);
    }
    if (const yaml::Node tests = mapping.Get("alert_rule_test")) {
      for (const yaml::Node& item : tests.AsSequence()) DecodeAlertTest(item, &test);
    }
    if (const yaml::Node tests = mapping.Get("promql_expr_test")) {
      for (const yaml::Node& item : tests.AsSequence()) DecodeExpressionTest(item, &test);
    }
    test.external_labels = DecodeLabels(mapping.Get("external_labels"));
    mapping.Optional("external_url", &test.external_url);
    mapping.Finish();
    CheckTimes(node, test);
    file_.tests.push_back(std::move(test));
  }

  void CheckTimes(const yaml::Node& node, const UnitTest& test) const {
    const int64_t latest = test.LatestEvalTime();
    size_t samples = 0;
    for (const promqltest::WrittenSeries& series : test.series)
      samples = std::max(samples, series.values.size());
    if (latest > kLatest || (samples > 0 && test.interval > kLatest / static_cast<int64_t>(samples))) {
      node.Fail("its times lie beyond what can be reckoned with");
    } else if (latest / file_.evaluation_interval >= kMaxEvaluations) {
      node.Fail(
          fmt::format("its latest eval_time is more than {} evaluations away; give the file a longer "
                      "evaluation_interval",
                      kMaxEvaluations));
    }
  }

  static void DecodeStart(const yaml::Node& node, UnixMillis* out) {
    std::string text;
    if (!node.Read(&text)) return;
    if (const std::optional<double> seconds = promqltest::ParseNumber(text)) {
      if (std::abs(*seconds) <= static_cast<double>(kLatest) / 1000) {
        *out = std::llround(*seconds * 1000);
        return;
      }
    } else if (const std::optional<UnixMillis> time = ParseRfc3339(text)) {
      *out = *time;
      return;
    }
    node.Fail("expected seconds since 1970, or a time such as 2026-11-20T21:40:00Z");
  }

  using SeriesPlaces = std::unordered_map<Labels, size_t, LabelsHash>;  // among a test's

  void DecodeSeries(const yaml::Node& node, UnitTest* test, SeriesPlaces* places) {
    yaml::Mapping mapping = node.AsMapping();
    std::string series;
    std::string values;
    const yaml::Node series_node = mapping.RequiredNode("series");
    const yaml::Node values_node = mapping.RequiredNode("values");
    mapping.Finish();
    if (!series_node || !series_node.Read(&series) || !values_node || !values_node.Read(&values)) return;
    // A text of several lines, as YAML's `|` gives it.
    std::replace_if(
        values.begin(), values.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
    Result<Labels> labels = promql::ParseMetric(series);
    if (!labels) series_node.Fail(labels.error().message);
    Result<std::vector<promqltest::SequenceValue>> sequence = promqltest::ParseSequence(values);
    if (!sequence) values_node.Fail(sequence.error().message);
    if (!labels || !sequence) return;
    if (const Status taken = promqltest::TakeValues(sequence->size(), &samples_left_); !taken) {
      values_node.Fail(taken.error().message);
      return;
    }
    promqltest::WrittenSeries written{*std::move(labels), *std::move(sequence)};
    // Of two series with the same labels the later one counts, as upstream.
    const auto [same, added] = places->try_emplace(written.labels, test->series.size());
    if (added) {
      test->series.push_back(std::move(written));
    } else {
      test->series[same->second] = std::move(written);
    }
  }

  static Labels DecodeLabels(const yaml::Node& node, std::string_view alertname = "") {
    if (!node && alertname.empty()) return {};
    std::vector<std::pair<std::string, std::string>> texts;
    if (node) {
      for (const yaml::Mapping::Entry& entry : node.AsMapping().Entries()) {
        std::string value;
        if (entry.value.Read(&value)) texts.emplace_back(entry.key, std::move(value));
      }
    }
    std::vector<Label> labels;
    for (const auto& [name, value] : texts) labels.push_back({name, value});
    if (!alertname.empty()) labels.push_back({"alertname", alertname});
    return Labels(labels);
  }

  static void DecodeAlertTest(const yaml::Node& node, UnitTest* test) {
    yaml::Mapping mapping = node.AsMapping();
    AlertTest alert_test;
    alert_test.eval_time = Span(mapping.Get("eval_time"));
    const bool named = mapping.Required("alertname", &alert_test.alertname);
    const yaml::Node alerts = mapping.Get("exp_alerts");
    mapping.Finish();
    if (alerts) {
      for (const yaml::Node& item : alerts.AsSequence()) {
        yaml::Mapping alert = item.AsMapping();
        alert_test.alerts.push_back({DecodeLabels(alert.Get("exp_labels"), alert_test.alertname),
                                     DecodeLabels(alert.Get("exp_annotations"))});
        alert.Finish();
      }
    }
    if (named && alert_test.alertname.empty()) mapping.Fail("its alertname is empty");
    test->alert_tests.push_back(std::move(alert_test));
  }

  static void DecodeExpressionTest(const yaml::Node& node, UnitTest* test) {
    yaml::Mapping mapping = node.AsMapping();
    ExpressionTest expression_test;
    mapping.Required("expr", &expression_test.expr);
    expression_test.eval_time = Span(mapping.Get("eval_time"));
    const yaml::Node samples = mapping.Get("exp_samples");
    mapping.Finish();
    if (samples) {
      for (const yaml::Node& item : samples.AsSequence()) {
        expression_test.samples.push_back(DecodeSample(item));
      }
    }
    test->expression_tests.push_back(std::move(expression_test));
  }

  static ExpectedSample DecodeSample(const yaml::Node& node) {
    yaml::Mapping mapping = node.AsMapping();
    ExpectedSample sample;
    if (const yaml::Node labels = mapping.Get("labels")) DecodeMetric(labels, &sample.labels);
    if (const yaml::Node value = mapping.Get("value")) DecodeValue(value, &sample.value);
    if (const yaml::Node histogram = mapping.Get("histogram")) DecodeHistogram(histogram, &sample.histogram);
    mapping.Finish();
    return sample;
  }

  static void DecodeMetric(const yaml::Node& node, Labels* out) {
    std::string text;
    if (!node.Read(&text) || text.empty()) return;
    Result<Labels> labels = promql::ParseMetric(text);
    if (labels) {
      *out = *std::move(labels);
    } else {
      node.Fail(labels.error().message);
    }
  }

  // A number, or one of YAML's words for those that have no digits: .inf, -.inf, .nan.
  static void DecodeValue(const yaml::Node& node, double* out) {
    std::string text;
    if (!node.Read(&text)) return;
    std::string word = text;
    if (const size_t dot = word.find('.');
        dot != std::string::npos && dot + 1 < word.size() &&
        std::string_view("iInN").find(word[dot + 1]) != std::string::npos) {
      word.erase(dot, 1);
    }
    if (const std::optional<double> value = promqltest::ParseNumber(word)) {
      *out = *value;
    } else {
      node.Fail(fmt::format("expected a number, .inf, -.inf or .nan, got {}", yaml::Quoted(text)));
    }
  }

  static void DecodeHistogram(const yaml::Node& node, FloatHistogramPtr* out) {
    std::string text;
    if (!node.Read(&text) || text.empty()) return;
    std::string_view rest = promqltest::SkipBlanks(text);
    Result<promqltest::WrittenHistogram> histogram = promqltest::TakeHistogram(&rest);
    if (!histogram) {
      node.Fail(histogram.error().message);
    } else if (!promqltest::SkipBlanks(rest).empty()) {
      node.Fail("expected one histogram, such as {{schema:0 sum:5 count:4 buckets:[1 2 1]}}");
    } else {
      *out = std::make_shared<const FloatHistogram>(std::move(histogram->histogram));
    }
  }

  UnitTestFile& file_;
  size_t samples_left_ = kMaxSamples;
};

Result<UnitTestFile> Decode(const yaml::Document& document, const std::string& name) {
  UnitTestFile file{.path = name};
  Decoder(&file).Decode(document.Root());
  if (Status status = document.status(); !status) return tl::unexpected(std::move(status.error()));
  return file;
}

}  // namespace

int64_t UnitTest::LatestEvalTime() const {
  int64_t latest = 0;
  for (const AlertTest& test : alert_tests) latest = std::max(latest, test.eval_time);
  for (const ExpressionTest& test : expression_tests) latest = std::max(latest, test.eval_time);
  return latest;
}

Result<UnitTestFile> LoadUnitTestFile(const std::string& path) {
  return Decode(yaml::Document::Load(path, YamlOptions()), path);
}

Result<UnitTestFile> ParseUnitTestFile(std::string text, const std::string& name) {
  return Decode(yaml::Document::Parse(std::move(text), name, YamlOptions()), name);
}

}  // namespace sidelight::ruletest
