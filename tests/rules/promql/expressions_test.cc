// Expressions of others: the public conformance data, which is not part of the tree. It is looked for in
// $SIDELIGHT_CONFORMANCE, then beside the tree.
#include <gtest/gtest.h>
#include <re2/re2.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "rules/promql/parser.h"
#include "rules/promql/printer.h"
#include "tests/rules/promql/tree_text.h"

namespace sidelight::promql {
namespace {

namespace fs = std::filesystem;

// Empty when there is none.
fs::path Conformance() {
  if (const char* const path = std::getenv("SIDELIGHT_CONFORMANCE")) return path;
  const fs::path beside = fs::path(SIDELIGHT_SOURCE_DIR) / "../shared/conformance";
  return fs::exists(beside) ? beside : fs::path();
}

std::vector<std::string> Lines(const fs::path& file) {
  std::ifstream in(file);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string Trimmed(std::string_view text) {
  const size_t start = text.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos) return "";
  return std::string(text.substr(start, text.find_last_not_of(" \t\r\n") - start + 1));
}

// It parses, and so does what it is printed as, to the same tree.
void CheckRoundTrip(const std::string& text) {
  const ParserOptions options{.experimental = true};
  const Result<ExprPtr> expr = Parse(text, options);
  ASSERT_TRUE(expr) << "input: " << text << "\n" << expr.error().message;
  for (const std::string& printed : {Print(**expr), PrintPretty(**expr)}) {
    const Result<ExprPtr> again = Parse(printed, options);
    ASSERT_TRUE(again) << "input: " << text << "\nprinted: " << printed << "\n" << again.error().message;
    EXPECT_EQ(TreeText(**again), TreeText(**expr)) << "input: " << text << "\nprinted: " << printed;
    EXPECT_EQ(Print(**again), Print(**expr)) << "input: " << text;
  }
}

class ExpressionsTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = Conformance();
    if (root_.empty()) {
      GTEST_SKIP() << "the conformance data was not found: set SIDELIGHT_CONFORMANCE to its folder";
    }
  }
  fs::path root_;
};

TEST_F(ExpressionsTest, ScriptsParse) {
  // The time of an instant query is the shortest text, and so is the step of a range query.
  const RE2 instant(R"(^eval(?:_fail|_warn|_ordered|_info)?\s+instant\s+(?:at\s+\S+\s+)?(.+)$)");
  const RE2 range(R"(^eval(?:_fail|_warn|_info)?\s+range\s+from\s+.+\s+step\s+\S+\s+(.+)$)");
  size_t count = 0;
  for (const auto& entry : fs::directory_iterator(root_ / "promql")) {
    if (entry.path().extension() != ".test") continue;
    for (const std::string& line : Lines(entry.path())) {
      const std::string trimmed = Trimmed(line);
      std::string expression;
      if (!RE2::FullMatch(trimmed, range, &expression) && !RE2::FullMatch(trimmed, instant, &expression)) {
        continue;
      }
      CheckRoundTrip(expression);
      ++count;
    }
  }
  EXPECT_EQ(count, 1607u);
}

// Blocks of a title, an expression, and the tree of an editor's grammar, where ⚠ is a mistake.
TEST_F(ExpressionsTest, EditorGrammarAgrees) {
  std::string title;
  std::string expression;
  bool in_tree = false;
  std::string tree;
  size_t count = 0;
  const auto check = [&] {
    if (title.empty()) return;
    ++count;
    const std::string text = Trimmed(expression);
    const bool valid = tree.find("\xe2\x9a\xa0") == std::string::npos;
    const Result<ExprPtr> expr = Parse(text, {.experimental = true});
    // That grammar takes also what types forbid.
    const bool type_error =
        !expr && expr.error().message.find("unexpected") == std::string::npos && text == "1 + foo atan2 bar";
    EXPECT_EQ(expr.has_value() || type_error, valid) << title << "\ninput: " << text << "\n"
                                                     << (expr ? "" : expr.error().message);
    if (expr) CheckRoundTrip(text);
  };
  for (const std::string& line : Lines(root_ / "promql_parse" / "expression.txt")) {
    if (line.starts_with("# ")) {
      check();
      title = line.substr(2);
      expression.clear();
      tree.clear();
      in_tree = false;
    } else if (line == "==>") {
      in_tree = true;
    } else {
      (in_tree ? tree : expression) += line + "\n";
    }
  }
  check();
  EXPECT_GT(count, 70u);
}

// Templates: each is tried with the first value of its arguments, and with every value of one argument.
TEST_F(ExpressionsTest, ComplianceQueriesParse) {
  const RE2 query(R"(^\s*-?\s*(?:#.*)?query:\s*(.*)$)");
  const RE2 argument(R"((\{\{\.(\w+)\}\}))");
  std::ifstream variants_file(root_ / "promql_compliance" / "variants.json");
  std::stringstream variants;
  variants << variants_file.rdbuf();
  const std::string json = variants.str();
  const auto values_of = [&](const std::string& name) {
    std::vector<std::string> values;
    const size_t start = json.find('[', json.find('"' + name + '"'));
    const std::string list = json.substr(start, json.find(']', start) - start);
    const RE2 value("\"([^\"]*)\"");
    re2::StringPiece rest(list);
    for (std::string found; RE2::FindAndConsume(&rest, value, &found);) values.push_back(found);
    return values;
  };
  size_t count = 0;
  bool last_failed = false;
  const auto expand = [&](const auto& self, const std::string& text) -> void {
    std::string whole;
    std::string name;
    if (!RE2::PartialMatch(text, argument, &whole, &name)) {
      ++count;
      const Result<ExprPtr> expr = Parse(text, {});
      last_failed = !expr;
      if (expr) return CheckRoundTrip(text);
      EXPECT_EQ(text, R"({__name__=~".*"})") << expr.error().message;
      return;
    }
    const size_t at = text.find(whole);
    for (const std::string& value : values_of(name)) {
      self(self, text.substr(0, at) + value + text.substr(at + whole.size()));
    }
  };
  for (const std::string& line : Lines(root_ / "promql_compliance" / "promql-test-queries.yml")) {
    std::string text;
    if (!RE2::FullMatch(line, query, &text)) continue;
    if (text.size() > 1 && (text[0] == '\'' || text[0] == '"'))
      text = text.substr(1, text.rfind(text[0]) - 1);
    expand(expand, text);
  }
  EXPECT_EQ(count, 539u);
}

}  // namespace
}  // namespace sidelight::promql
