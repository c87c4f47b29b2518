// Runs every unit-test file of the suite's rules and compares the verdicts: rule_unit_test [SUITE].
// $SIDELIGHT_CONFORMANCE goes first.
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "rules/testing/unit_test_runner.h"

namespace {

using namespace sidelight;

constexpr int kSkipped = 77;

// What the manifest says of single tests in words.
struct Named {
  std::string file;
  std::string name;
  bool passes;
};
const std::vector<Named> kNamed = {
    {"promtool/rules_run.yml", "correct test", true},
    {"promtool/rules_run.yml", "wrong test", false},
    {"promtool/rules_run_fuzzy.yml", "correct fuzzy match", true},
    {"promtool/rules_run_fuzzy.yml", "wrong fuzzy match", false},
    {"promtool/rules_run_no_fuzzy.yml", "correct fuzzy match", false},
};

// Whether the file, or the tests of that name in it, pass or fail as they should.
bool Judge(const std::filesystem::path& folder, const std::string& file, const std::string& name,
           bool passes) {
  const Result<ruletest::NameFilter> filter =
      ruletest::NameFilter::Make(name.empty() ? std::vector<std::string>{} : std::vector{"^" + name + "$"});
  const ruletest::UnitTestReport report =
      ruletest::RunUnitTestFile((folder / file).string(), {.filter = filter.value()});
  if (report.failures.empty() == passes && (passes ? report.tests > 0 : true)) return true;
  fmt::print("{}{}: should {}, and {} with {} tests\n", file, name.empty() ? "" : ", \"" + name + "\"",
             passes ? "pass" : "fail", report.failures.empty() ? "passes" : "fails", report.tests);
  for (const std::string& failure : report.failures) fmt::print("{}\n", failure);
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  const char* const variable = std::getenv("SIDELIGHT_CONFORMANCE");
  const std::filesystem::path suite = variable != nullptr ? variable : argc > 1 ? argv[1] : "";
  const std::filesystem::path folder = suite / "rules";
  std::ifstream stream(folder / "MANIFEST.json");
  if (!stream) {
    fmt::print("skipped: there is no {}; SIDELIGHT_CONFORMANCE says where the suite is\n",
               (folder / "MANIFEST.json").string());
    return kSkipped;
  }
  const nlohmann::json manifest = nlohmann::json::parse(stream);

  size_t right = 0;
  size_t wrong = 0;
  for (const nlohmann::json& entry : manifest.at("entries")) {
    if (entry.at("kind") != "unit_test") continue;
    const bool same = Judge(folder, entry.at("file").get<std::string>(), "", entry.at("expect") == "pass");
    ++(same ? right : wrong);
  }
  for (const Named& named : kNamed) ++(Judge(folder, named.file, named.name, named.passes) ? right : wrong);
  fmt::print("{} verdicts as they should be, {} not\n", right, wrong);
  return wrong == 0 && right > 0 ? 0 : 1;
}
