#include "src/cli/test_rules.h"

#include <fmt/format.h>

#include <string>

#include "core/base/log.h"
#include "rules/testing/unit_test_runner.h"

namespace sidelight::cli {
namespace {

bool Passes(const std::string& file, const ruletest::UnitTestOptions& options, std::FILE* out,
            std::FILE* errors) {
  fmt::print(out, "Unit Testing:  {}\n", file);
  std::fflush(out);  // both may be one terminal
  const ruletest::UnitTestReport report = ruletest::RunUnitTestFile(file, options);
  for (const std::string& warning : report.warnings) fmt::print(errors, "  WARNING: {}\n", warning);
  if (report.failures.empty()) {
    fmt::print(out, "  SUCCESS\n");
  } else {
    fmt::print(errors, "  FAILED:\n");
    for (const std::string& failure : report.failures) {
      fmt::print(errors, "{}{}", failure, failure.ends_with('\n') ? "" : "\n");
      std::fflush(errors);
      fmt::print(out, "\n");
      std::fflush(out);
    }
  }
  fmt::print(out, "\n");
  std::fflush(out);
  return report.failures.empty();
}

}  // namespace

int RunTestRules(const TestRules& command, std::FILE* out, std::FILE* errors) {
  Result<ruletest::NameFilter> filter = ruletest::NameFilter::Make(command.names);
  if (!filter) {
    fmt::print(errors, "sidelight test rules: --run {}\n", filter.error().message);
    return kUsageError;
  }
  const ruletest::UnitTestOptions options{.parser = {.experimental = command.experimental},
                                          .ignore_unknown_fields = command.ignore_unknown_fields,
                                          .filter = *std::move(filter)};
  // What goes wrong is in the report; the output is promtool's and holds nothing else.
  log::Configure(log::Format::kText, log::Level::kError);
  bool passed = true;
  for (const std::string& file : command.files) passed = Passes(file, options, out, errors) && passed;
  return passed ? 0 : 1;
}

}  // namespace sidelight::cli
