// Unit test file: what promtool's `test rules` reads, as structs.
//
// Everything that is wrong in a file is said at once, each with "file:line:column: message", the line and a
// caret. Series, labels and histograms are parsed here; expressions are left to the run, as a test of its own
// may fail.
//
// Source: https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/ .
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/model/float_histogram.h"
#include "core/model/labels.h"
#include "rules/testing/series_notation.h"

namespace sidelight::ruletest {

// A file of more samples, or a test of more evaluations, is refused.
inline constexpr size_t kMaxSamples = 5'000'000;
inline constexpr int64_t kMaxEvaluations = 1'000'000;

struct ExpectedAlert {
  Labels labels;  // with alertname
  Labels annotations;
};

// Times are in milliseconds from the test's start.
struct AlertTest {
  int64_t eval_time = 0;
  std::string alertname;
  std::vector<ExpectedAlert> alerts;  // that fire, of all rules of that name
};

struct ExpectedSample {
  Labels labels;
  double value = 0;
  FloatHistogramPtr histogram;  // null: a float
};

struct ExpressionTest {
  int64_t eval_time = 0;
  std::string expr;
  std::vector<ExpectedSample> samples;
};

struct UnitTest {
  std::string name;      // "": it has none
  int64_t interval = 0;  // between the samples of a series, above 0
  UnixMillis start = 0;
  std::vector<promqltest::WrittenSeries> series;  // no two of the same labels
  std::vector<AlertTest> alert_tests;
  std::vector<ExpressionTest> expression_tests;
  Labels external_labels;
  std::string external_url;

  int64_t LatestEvalTime() const;
};

struct UnitTestFile {
  std::string path;
  std::vector<std::string> rule_files;  // patterns, as written
  int64_t evaluation_interval = 0;      // milliseconds, above 0
  bool fuzzy_compare = false;           // floats may differ in their last bit
  std::vector<std::string> group_eval_order;
  std::vector<UnitTest> tests;
};

// All errors of the file in one text, or what it says.
Result<UnitTestFile> LoadUnitTestFile(const std::string& path);
// The same for a text that stands in a file of that name.
Result<UnitTestFile> ParseUnitTestFile(std::string text, const std::string& name);

}  // namespace sidelight::ruletest
