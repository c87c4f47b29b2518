// Runs every script of the suite through the runner: promql_test [SUITE]. $SIDELIGHT_CONFORMANCE goes first.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "rules/testing/runner.h"

namespace {

using namespace sidelight;

constexpr int kSkipped = 77;

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

int main(int argc, char** argv) {
  const char* const variable = std::getenv("SIDELIGHT_CONFORMANCE");
  const std::filesystem::path suite = variable != nullptr ? variable : argc > 1 ? argv[1] : "";
  const std::filesystem::path folder = suite / "promql";
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) {
    fmt::print("skipped: there is no folder {}; SIDELIGHT_CONFORMANCE says where the suite is\n",
               folder.string());
    return kSkipped;
  }
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".test") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());

  size_t passed = 0;
  size_t failed = 0;
  for (const std::filesystem::path& file : files) {
    Result<promqltest::Report> report = promqltest::RunTestFile(file.filename().string(), ReadFile(file));
    if (!report) report = promqltest::Report{.failed = 1, .failures = {report.error().message}};
    for (const std::string& failure : report->failures) fmt::print("{}\n", failure);
    passed += report->passed;
    failed += report->failed;
  }
  fmt::print("{} files: {} passed, {} failed\n", files.size(), passed, failed);
  return failed == 0 && passed > 0 ? 0 : 1;
}
