// promqltest: runs scripts in the promqltest language of Prometheus against Sidelight's PromQL.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "rules/testing/runner.h"

namespace {

using namespace sidelight;

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kUsageError = 2;

constexpr const char* kHelp =
    R"(Runs scripts in the promqltest language of Prometheus against Sidelight's PromQL.

Usage:
  promqltest [--quiet] FILE...

Prints a line "FILE:LINE: EXPR: wanted ..., got ..." for each eval that failed, "FILE: N passed, M failed" for each
file, and at last "total: N passed, M failed". A file that is no script, or that cannot be read, counts as one
failure.

Options:
  --quiet  only the total

Example:
  promqltest rules/*.test

Exit codes: 0 all passed, 1 something failed, 2 used wrongly.
)";

struct Flags {
  std::vector<std::string> files;
  bool quiet = false;
};

// The exit code when there is nothing more to do.
std::optional<int> ReadFlags(int argc, char** argv, Flags* flags) {
  CLI::App app("", "promqltest");
  app.set_help_flag("-h,--help", "");
  app.add_option("FILE", flags->files)->required();
  app.add_flag("--quiet", flags->quiet);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::fputs(kHelp, stdout);
    return kDone;
  } catch (const CLI::ParseError& e) {
    std::fprintf(stderr, "promqltest: %s\n\"promqltest --help\" shows what there is.\n", e.what());
    return kUsageError;
  }
  return std::nullopt;
}

Result<promqltest::Report> RunFile(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (!stream) return Fail(ErrorCode::kNotFound, fmt::format("{}: the file cannot be read", file));
  return promqltest::RunTestFile(file, text);
}

}  // namespace

int main(int argc, char** argv) {
  Flags flags;
  if (const std::optional<int> exit_code = ReadFlags(argc, argv, &flags)) return *exit_code;

  size_t passed = 0;
  size_t failed = 0;
  for (const std::string& file : flags.files) {
    Result<promqltest::Report> run = RunFile(file);
    if (!run) run = promqltest::Report{.failed = 1, .failures = {run.error().message}};
    passed += run->passed;
    failed += run->failed;
    if (flags.quiet) continue;
    for (const std::string& failure : run->failures) fmt::print("{}\n", failure);
    fmt::print("{}: {} passed, {} failed\n", file, run->passed, run->failed);
    std::fflush(stdout);
  }
  fmt::print("total: {} passed, {} failed\n", passed, failed);
  return failed == 0 ? kDone : kFailed;
}
