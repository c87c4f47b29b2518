#include "rules/testing/eval_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

namespace sidelight::promqltest {
namespace {

using Expectation = EvalCommand::Expectation;

Result<ReadEval> Read(const std::string& text) {
  std::vector<std::string> texts;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) texts.push_back(line);
  std::vector<Line> lines;
  for (size_t i = 0; i < texts.size(); ++i) lines.push_back({i + 1, texts[i]});
  size_t values_left = kMaxSequence;
  return ReadEvalCommand(lines, {.experimental = true}, &values_left);
}

EvalCommand Command(const std::string& text) {
  Result<ReadEval> read = Read(text);
  EXPECT_TRUE(read.has_value()) << text << ": " << (read ? "" : read.error().message);
  return read ? std::move(read->command) : EvalCommand();
}

TEST(EvalCommand, Times) {
  const EvalCommand instant = Command("eval instant at 1h30m a");
  EXPECT_TRUE(instant.instant);
  EXPECT_EQ(instant.time, 5'400'000);
  EXPECT_EQ(Command("eval instant at 0 a").time, 0);
  const EvalCommand range = Command("eval range from 10s to 1m step 20s a + b");
  EXPECT_FALSE(range.instant);
  EXPECT_EQ(range.text, "a + b");
  EXPECT_EQ(range.span.start, 10'000);
  EXPECT_EQ(range.span.end, 60'000);
  EXPECT_EQ(range.span.step, 20'000);
  EXPECT_EQ(range.span.steps(), 3u);
}

TEST(EvalCommand, Expectations) {
  EXPECT_EQ(Command("eval instant at 0 a").expectation, Expectation::kSeries);
  EXPECT_EQ(Command("eval_fail instant at 0 a").expectation, Expectation::kFailure);
  EXPECT_TRUE(Command("eval_ordered instant at 0 a").ordered);
  EXPECT_TRUE(Command("eval instant at 0 a\nexpect ordered").ordered);
  EXPECT_EQ(Command("eval_warn instant at 0 a").warnings.some.size(), 1u);
  EXPECT_EQ(Command("eval_info instant at 0 a").infos.some.size(), 1u);
  EXPECT_TRUE(Command("eval instant at 0 a\nexpect no_warn\nexpect no_info").warnings.none);
  EXPECT_EQ(Command("eval instant at 0 a\nexpect warn\nexpect warn msg: x\na 1").warnings.some.size(), 2u);

  for (const auto& [line, value] : {std::pair{"3", 3.0}, {"-0.5", -0.5}, {"0x1f", 31.0}}) {
    const EvalCommand scalar = Command(std::string("eval instant at 0 1\n") + line);
    EXPECT_EQ(scalar.expectation, Expectation::kScalar) << line;
    EXPECT_EQ(scalar.scalar, value) << line;
  }
  EXPECT_EQ(Command("eval instant at 0 \"a\"\nexpect string \" a\\n\"").string, " a\n");
  EXPECT_EQ(Command("eval instant at 0 \"a\"\nexpect string `\\`").string, "\\");

  const EvalCommand matrix =
      Command("eval instant at 7m a[5m]\nexpect range vector from 1m to 5m step 1m\na 1 2");
  EXPECT_EQ(matrix.expectation, Expectation::kRangeVector);
  EXPECT_EQ(matrix.time, 300'000);
  EXPECT_EQ(matrix.span.steps(), 5u);

  const EvalCommand quoted = Command("eval instant at 0 a\nexpect{} 1");
  ASSERT_EQ(quoted.series.size(), 1u);
  EXPECT_EQ(quoted.series[0].labels.Get("__name__"), "expect");
}

TEST(EvalCommand, Texts) {
  struct Case {
    std::string line;
    std::string_view text;
    bool matches;
  };
  const Case cases[] = {
      {"expect fail", "anything", true},         {"expect fail msg: a (b)", "a (b)", true},
      {"expect fail msg:a", "a", true},          {"expect fail msg: a", "a b", false},
      {"expect fail msg: \"a\"", "\"a\"", true}, {"expect fail msg: \"a\"", "a", false},
      {"expect fail regex: ^a.c", "abcd", true}, {"expect fail regex: b", "abcd", true},
      {"expect fail regex: x", "abcd", false},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(Command("eval instant at 0 a\n" + c.line).failure.Matches(c.text), c.matches)
        << c.line << " for " << c.text;
  }
  const EvalCommand old = Command("eval_fail instant at 0 a\nexpected_fail_message no (way)");
  EXPECT_TRUE(old.failure.Matches("no (way)"));
  EXPECT_FALSE(old.failure.Matches("way"));
  EXPECT_TRUE(Command("eval_fail instant at 0 a\nexpected_fail_regexp w.y").failure.Matches("no way"));
}

TEST(EvalCommand, ANumberEndsTheBlock) {
  const Result<ReadEval> read = Read("eval instant at 0 1\n1\nload 5m");
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->lines, 2u);
  EXPECT_EQ(Read("eval instant at 0 a\na 1\nb 1")->lines, 3u);
}

TEST(EvalCommand, SaysWhereItIsWrong) {
  struct Case {
    std::string text;
    std::string_view what;
  };
  const Case cases[] = {
      {"evaluate instant at 0 a", "1: \"evaluate\" is no command"},
      {"eval at 0 a", "1: behind eval \"instant\" or \"range\" is missing"},
      {"eval instant at x a", "1: the time behind \"at\" \"x\" is no duration"},
      {"eval instant at -5m a", "1: the time behind \"at\" \"-5m\" is no duration"},
      {"eval instant at 0", "1: the expression is missing"},
      {"eval range from 0 step 1m a", "1: \"to\" is missing"},
      {"eval range from 1m to 0 step 1m a", "1: the end is before the start"},
      {"eval range from 0 to 1m step 0 a", "1: the step must be above zero"},
      {"eval range from 0 to 1y step 1ms a", "1: there are more than 1000000 steps"},
      {"eval_ordered range from 0 to 1m step 1m a", "1: the result of a range query has no order"},
      {"eval instant at 0 a\nexpect no_warn\nexpect warn", "3: warn and no_warn exclude each other"},
      {"eval instant at 0 a\nexpect info\nexpect no_info", "3: info and no_info exclude each other"},
      {"eval instant at 0 a\nexpect fail\nexpect fail", "3: a failure is expected twice"},
      {"eval_fail instant at 0 a\nexpect fail", "2: a failure is expected twice"},
      {"eval instant at 0 a\nexpect nothing", "2: \"expect nothing\" is unknown"},
      {"eval instant at 0 a\nexpect fail text: b", "2: \"text: b\" is neither"},
      {"eval instant at 0 a\nexpect fail regex: (", "2: the pattern /(/ is wrong"},
      {"eval instant at 0 a\nexpect string a", "2: the expected string stands in"},
      {"eval instant at 0 a\nexpect string \"a\" b", "2: behind the expected string"},
      {"eval instant at 0 a\nexpect range vector from 0 to 1m", "2: \"step\" is missing"},
      {"eval range from 0 to 1m step 1m a\nexpect range vector from 0 to 1m step 1m",
       "2: only an instant query"},
      {"eval range from 0 to 1m step 1m a\nexpect ordered", "2: the result of a range query has no order"},
      {"eval range from 0 to 1m step 1m a\na 1 2 3", "2: there are 3 values for 2 steps"},
      {"eval instant at 0 a\na _", "2: an instant query has exactly one value"},
      {"eval instant at 0 a\na", "2: an instant query has exactly one value"},
      {"eval instant at 0 a\na 1\na 2", "3: this series is expected twice"},
  };
  for (const Case& c : cases) {
    const Result<ReadEval> read = Read(c.text);
    ASSERT_FALSE(read.has_value()) << c.text;
    EXPECT_THAT(read.error().message, testing::StartsWith(c.what)) << c.text;
  }
}

}  // namespace
}  // namespace sidelight::promqltest
