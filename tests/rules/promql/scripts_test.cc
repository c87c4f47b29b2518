// Runs the scripts that lie beside this file, in the language of promqltest, each as a test of its own.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "rules/promql/signature.h"
#include "rules/testing/runner.h"
#include "rules/testing/test_file.h"

namespace sidelight::promqltest {
namespace {

std::filesystem::path Folder() {
  return std::filesystem::path(SIDELIGHT_SOURCE_DIR) / "tests/rules/promql";
}

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// Relative to the folder, sorted.
std::vector<std::string> Scripts() {
  std::vector<std::string> scripts;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(Folder())) {
    if (entry.path().extension() != ".test") continue;
    scripts.push_back(std::filesystem::relative(entry.path(), Folder()).generic_string());
  }
  std::sort(scripts.begin(), scripts.end());
  return scripts;
}

class ScriptTest : public testing::TestWithParam<std::string> {};

TEST_P(ScriptTest, Passes) {
  const Result<Report> report = RunTestFile(GetParam(), ReadFile(Folder() / GetParam()));
  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_GT(report->passed, 0u);
  EXPECT_EQ(report->failed, report->failures.size());
  for (const std::string& failure : report->failures) ADD_FAILURE() << failure;
}

// "functions/over_time.test" as a name that gtest takes.
std::string TestName(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param.substr(0, info.param.find('.'));
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, ScriptTest, testing::ValuesIn(Scripts()), TestName);

void CollectCalls(const promql::Expr& expr, std::set<std::string, std::less<>>* names) {
  if (const auto* const call = promql::TryAs<promql::Call>(expr)) names->emplace(call->function->name);
  for (const promql::Expr* const part : promql::Children(expr)) CollectCalls(*part, names);
}

TEST(ScriptsTest, EveryFunctionIsInOneOfThem) {
  std::set<std::string, std::less<>> called;
  std::vector<std::string> texts;
  for (const std::string& script : Scripts()) {
    texts.push_back(ReadFile(Folder() / script));
    const auto commands = ParseTestFile(script, texts.back(), ReferenceParserOptions());
    ASSERT_TRUE(commands.has_value()) << commands.error().message;
    for (const Command& command : *commands) {
      if (const auto* const eval = std::get_if<EvalCommand>(&command.action)) {
        CollectCalls(*eval->expr, &called);
      }
    }
  }
  for (const promql::Signature& signature : promql::Signatures()) {
    EXPECT_TRUE(called.contains(signature.name)) << signature.name << " is in no script";
  }
}

}  // namespace
}  // namespace sidelight::promqltest
