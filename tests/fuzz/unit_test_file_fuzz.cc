// Any bytes as a file of unit tests of rules: it is taken, and then its times can be reckoned with, or
// refused with a place in it.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "rules/testing/unit_test_file.h"
#include "rules/testing/unit_test_text.h"

namespace {

using namespace sidelight::ruletest;

void Require(bool good, const char* what, const std::string& text) {
  if (good) return;
  std::fprintf(stderr, "%s: %s\n", what, text.c_str());
  std::abort();
}

void RequireSound(const UnitTestFile& file, const std::string& text) {
  Require(file.evaluation_interval > 0, "evaluations without an interval", text);
  size_t samples = 0;
  for (const UnitTest& test : file.tests) {
    Require(test.interval > 0, "samples without an interval", text);
    const int64_t latest = test.LatestEvalTime();
    Require(latest >= 0 && latest / file.evaluation_interval < kMaxEvaluations, "too many evaluations", text);
    for (const auto& series : test.series) samples += series.values.size();
    for (const AlertTest& alert_test : test.alert_tests) {
      for (const ExpectedAlert& alert : alert_test.alerts) {
        Require(alert.labels.Get("alertname") == alert_test.alertname, "an alert of another name", text);
      }
      Require(!AlertsText(alert_test.alerts).empty(), "no text", text);
    }
    for (const ExpressionTest& expression_test : test.expression_tests) {
      Require(!SamplesText(expression_test.samples).empty(), "no text", text);
    }
  }
  Require(samples <= kMaxSamples, "too many samples", text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto file = ParseUnitTestFile(text, "f.yaml");
  if (file) {
    RequireSound(*file, text);
  } else {
    Require(file.error().message.starts_with("f.yaml:"), "the error has no place", file.error().message);
  }
  return 0;
}
