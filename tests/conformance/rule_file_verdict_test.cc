// Loads every rule file of the suite and compares the verdicts: rule_file_verdict_test [SUITE].
// $SIDELIGHT_CONFORMANCE goes first.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "rules/evaluation/rule_file.h"

namespace {

using namespace sidelight;

constexpr int kSkipped = 77;

struct Tally {
  int passed = 0;
  int failed = 0;

  void Judge(const std::filesystem::path& file, std::string_view how, bool wanted,
             const rules::RuleFileOptions& options) {
    const Result<rules::RuleFile> loaded = rules::LoadRuleFile(file.string(), options);
    const bool placed = loaded || loaded.error().message.starts_with(file.string() + ":");
    if (loaded.has_value() == wanted && placed) {
      ++passed;
      return;
    }
    ++failed;
    fmt::print("{}{}: wanted {}, got {}\n", file.string(), how, wanted ? "ok" : "an error with its place",
               loaded ? "ok" : loaded.error().message);
  }
};

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
  Tally tally;
  for (const nlohmann::json& entry : manifest.at("entries")) {
    if (entry.at("kind") != "rule_file") continue;
    const std::string name = entry.at("file");
    const std::filesystem::path file = folder / name;
    const bool good = entry.at("expect") == "ok";
    rules::RuleFileOptions options;
    options.legacy_names = entry.value("name_validation", "") == "legacy";
    if (name == "promtool/features.yml") {
      tally.Judge(file, " without experimental PromQL", false, options);
      options.parser.experimental = true;
    }
    if (name == "promtool/rules_extrafields.yml") {
      rules::RuleFileOptions lenient = options;
      lenient.ignore_unknown_fields = true;
      tally.Judge(file, " with unknown fields ignored", true, lenient);
    }
    // What only the old rules for names refuse, today's take.
    if (options.legacy_names && !good) tally.Judge(file, " with UTF-8 names", true, {});
    tally.Judge(file, "", good, options);
  }
  fmt::print("{} passed, {} failed\n", tally.passed, tally.failed);
  return tally.failed == 0 && tally.passed > 0 ? 0 : 1;
}
