#include "rules/testing/test_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace sidelight::promqltest {
namespace {

Result<std::vector<Command>> Parse(std::string_view text) {
  return ParseTestFile("f.test", text, {.experimental = true});
}

// "2 clear", "3 load 1 series", "5 eval EXPR, 1 series": a line each.
std::string Outline(std::string_view text) {
  const Result<std::vector<Command>> commands = Parse(text);
  if (!commands) return commands.error().message;
  std::string out;
  for (const Command& command : *commands) {
    out += std::to_string(command.line);
    if (const auto* const load = std::get_if<LoadCommand>(&command.action)) {
      out += (load->with_nhcb ? " load_with_nhcb " : " load ") + std::to_string(load->series.size()) +
             " series\n";
    } else if (const auto* const eval = std::get_if<EvalCommand>(&command.action)) {
      out += " eval " + eval->text + ", " + std::to_string(eval->series.size()) + " series\n";
    } else {
      out += " clear\n";
    }
  }
  return out;
}

TEST(TestFile, Blocks) {
  struct Case {
    std::string_view text;
    std::string_view outline;
  };
  const Case cases[] = {
      {"", ""},
      {"# only a comment", ""},
      {"clear\n\n  CLEAR  \n", "1 clear\n3 clear\n"},
      {"clear\nclear", "1 clear\n2 clear\n"},
      {"load 5m\n  a 1\n\tb 2\r\n\nload 1s\n", "1 load 2 series\n5 load 0 series\n"},
      {"load 5m\n a 1\n# a comment ends the block\nclear", "1 load 1 series\n4 clear\n"},
      {"load 5m\n a 1\n a 2\n", "1 load 1 series\n"},
      {"load_with_nhcb 5m\n a 1", "1 load_with_nhcb 1 series\n"},
      {"eval instant at 5m a\n a 1\n b 2\n\nclear", "1 eval a, 2 series\n5 clear\n"},
      {"eval instant at 5m 1\n 1\nclear", "1 eval 1, 0 series\n3 clear\n"},
      {"eval instant at 5m   sum( a  ) by (b)  \n", "1 eval sum( a  ) by (b), 0 series\n"},
      {"eval instant a", "1 eval a, 0 series\n"},
      {"Eval instant at 5m a",
       "f.test:1: \"Eval\" is no command; there are eval, eval_fail, eval_warn, eval_info "
       "and eval_ordered"},
  };
  for (const Case& c : cases) EXPECT_EQ(Outline(c.text), c.outline) << c.text;
}

TEST(TestFile, ALaterLineOfASeriesReplacesTheEarlierOne) {
  const Result<std::vector<Command>> commands = Parse("load 5m\n a 1\n b 2\n {__name__=\"a\"} 3");
  ASSERT_TRUE(commands.has_value());
  const auto& load = std::get<LoadCommand>(commands->front().action);
  ASSERT_EQ(load.series.size(), 2u);
  EXPECT_EQ(load.step, 300'000);
  EXPECT_EQ(load.series[0].values[0].value, 3);
  EXPECT_EQ(load.series[0].line, 4u);
}

TEST(TestFile, StartTimestampsGoWithTheSeriesBehindThem) {
  const Result<std::vector<Command>> commands =
      Parse("load 1m\n a{b=\"c\"}@st _ -30s-1mx1\n a{b=\"c\"} 1 2 3\n d 1");
  ASSERT_TRUE(commands.has_value()) << commands.error().message;
  const auto& load = std::get<LoadCommand>(commands->front().action);
  ASSERT_EQ(load.series.size(), 2u);
  EXPECT_THAT(
      load.series[0].start_offsets,
      testing::ElementsAre(std::nullopt, std::optional<int64_t>(-30'000), std::optional<int64_t>(-90'000)));
  EXPECT_TRUE(load.series[1].start_offsets.empty());
}

TEST(TestFile, ValuesAreBounded) {
  const std::string many = "load 1m\n a _x1000000\n b _x1000000\n\n";
  EXPECT_TRUE(Parse(many + many).has_value());
  EXPECT_EQ(Outline(many + many + many), "f.test:11: the file has too many values");
  const std::string expected = "eval range from 0 to 999999ms step 1ms a\n a _x1000000\n b _x1000000\n\n";
  EXPECT_EQ(Outline(many + expected + expected), "f.test:11: the file has too many values");
}

TEST(TestFile, SaysWhereItIsWrong) {
  struct Case {
    std::string_view text;
    std::string_view what;
  };
  const Case cases[] = {
      {"\nlod 5m", "f.test:2: \"lod\" is no command"},
      {"clear all", "f.test:1: \"all\" is not expected behind clear"},
      {"load", "f.test:1: the step is missing"},
      {"load 5", "f.test:1: the step \"5\" is no duration"},
      {"load 5m 6m", "f.test:1: \"6m\" is not expected behind the step"},
      {"load_all 5m", "f.test:1: \"load_all\" is no command"},
      {"load 5m\n a 1\n b x", "f.test:3: \"x\": this is no number"},
      {"load 5m\n a@st 0", "f.test:2: behind the start timestamps their series is missing"},
      {"load 5m\n a@st 0\n b 1",
       "f.test:3: the start timestamps on the line before are those of another series"},
      {"load 5m\n a@st 0 0\n a 1", "f.test:3: there are 1 samples, but 2 start timestamps"},
      {"load 5m\n a@st 0\n a@st 0\n a 1", "f.test:3: the start timestamps before this line have no series"},
      {"load 5m\n a@st x\n a 1", "f.test:2: \"x\": this is no offset"},
      {"eval instant at 5m sum(", "f.test:1: sum(: 1:5: parse error: "},
      {"clear\neval_fail instant at 5m 1 +\n expect fail", "f.test:2: 1 +: "},
      {"eval instant at 5m a\n a 1 2", "f.test:2: an instant query has exactly one value"},
  };
  for (const Case& c : cases) EXPECT_THAT(Outline(c.text), testing::StartsWith(c.what)) << c.text;
}

}  // namespace
}  // namespace sidelight::promqltest
