#include "src/cli/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

namespace sidelight::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// `line` without the program's name, split at spaces; '' is an empty argument.
Command ParseLine(const std::string& line) {
  std::vector<std::string> words = {"sidelight"};
  std::istringstream in(line);
  for (std::string word; in >> word;) words.push_back(word == "''" ? "" : word);
  std::vector<const char*> argv;
  for (const std::string& word : words) argv.push_back(word.c_str());
  return ParseCommandLine(static_cast<int>(argv.size()), argv.data());
}

TEST(CommandTest, RunWithAFile) {
  for (const std::string line : {"run --config a.yaml", "run --config=a.yaml"}) {
    const Command command = ParseLine(line);
    ASSERT_TRUE(std::holds_alternative<cli::Run>(command)) << line;
    EXPECT_EQ(std::get<cli::Run>(command).config_path, "a.yaml");
    EXPECT_TRUE(std::get<cli::Run>(command).flags.taps.empty());
  }
}

TEST(CommandTest, RunWithoutAFile) {
  const Command command = ParseLine(
      "run --tap http://0.0.0.0:8080=127.0.0.1:8081 --tap=tcp://unix:/run/x.sock=db:5432 --listen "
      "127.0.0.1:1 "
      "--probe-listen [::]:2 --service shop --log-format text --log-level debug --rules a.yaml "
      "--rules=b/*.yaml "
      "--alertmanager http://a:9093 --alertmanager http://b:9093");
  ASSERT_TRUE(std::holds_alternative<cli::Run>(command));
  const cli::Run& run = std::get<cli::Run>(command);
  EXPECT_EQ(run.config_path, "");
  EXPECT_THAT(run.flags.taps,
              ElementsAre("http://0.0.0.0:8080=127.0.0.1:8081", "tcp://unix:/run/x.sock=db:5432"));
  EXPECT_EQ(run.flags.listen, "127.0.0.1:1");
  EXPECT_EQ(run.flags.probe_listen, "[::]:2");
  EXPECT_EQ(run.flags.service, "shop");
  EXPECT_EQ(run.flags.log_format, "text");
  EXPECT_EQ(run.flags.log_level, "debug");
  EXPECT_THAT(run.flags.rules, ElementsAre("a.yaml", "b/*.yaml"));
  EXPECT_THAT(run.flags.alertmanagers, ElementsAre("http://a:9093", "http://b:9093"));

  const Command short_command = ParseLine("run --tap a");
  ASSERT_TRUE(std::holds_alternative<cli::Run>(short_command));
  EXPECT_EQ(std::get<cli::Run>(short_command).flags.listen, std::nullopt);
}

TEST(CommandTest, Check) {
  const Command command = ParseLine("check a.yaml b.yaml");
  ASSERT_TRUE(std::holds_alternative<Check>(command));
  EXPECT_THAT(std::get<Check>(command).files, ElementsAre("a.yaml", "b.yaml"));
  EXPECT_FALSE(std::get<Check>(command).connect);
  const Command connecting = ParseLine("check --connect a.yaml");
  ASSERT_TRUE(std::holds_alternative<Check>(connecting));
  EXPECT_THAT(std::get<Check>(connecting).files, ElementsAre("a.yaml"));
  EXPECT_TRUE(std::get<Check>(connecting).connect);
}

TEST(CommandTest, QueryOfAMoment) {
  const Command command = ParseLine("query up");
  ASSERT_TRUE(std::holds_alternative<Query>(command));
  const Query& query = std::get<Query>(command);
  EXPECT_EQ(query.expression, "up");
  EXPECT_EQ(query.url, "http://127.0.0.1:9464");
  EXPECT_EQ(query.time, "");
  EXPECT_EQ(query.start, "");
  EXPECT_EQ(query.format, Query::Format::kTable);
  const Command minus = ParseLine("query --url http://a:1 --time 5 --format json --timeout 1s -- -1");
  ASSERT_TRUE(std::holds_alternative<Query>(minus));
  EXPECT_EQ(std::get<Query>(minus).expression, "-1");
  EXPECT_EQ(std::get<Query>(minus).url, "http://a:1");
  EXPECT_EQ(std::get<Query>(minus).time, "5");
  EXPECT_EQ(std::get<Query>(minus).timeout, "1s");
  EXPECT_EQ(std::get<Query>(minus).format, Query::Format::kJson);
}

TEST(CommandTest, QueryOfARange) {
  const Command command = ParseLine("query --start 1 --step 15s sum(up) --end 9");
  ASSERT_TRUE(std::holds_alternative<Query>(command));
  EXPECT_EQ(std::get<Query>(command).expression, "sum(up)");
  EXPECT_EQ(std::get<Query>(command).start, "1");
  EXPECT_EQ(std::get<Query>(command).end, "9");
  EXPECT_EQ(std::get<Query>(command).step, "15s");
}

TEST(CommandTest, Version) {
  EXPECT_TRUE(std::holds_alternative<Version>(ParseLine("version")));
  EXPECT_TRUE(std::holds_alternative<Version>(ParseLine("--version")));
}

TEST(CommandTest, HelpIsNoError) {
  const std::pair<std::string, std::string> cases[] = {
      {"--help", "sidelight check FILE..."},
      {"-h", "sidelight run --tap http://0.0.0.0:8080=127.0.0.1:8081"},
      {"run --help", "--probe-listen ADDRESS"},
      {"run --tap x --help", "--probe-listen ADDRESS"},
      {"check -h", "sidelight check sidelight.yaml"},
      {"query -h", "--start TIME --step STEP [options] EXPR"},
      {"--help", "sidelight query EXPR"},
      {"version --help", "Prints the version."},
  };
  for (const auto& [line, want] : cases) {
    const Command command = ParseLine(line);
    ASSERT_TRUE(std::holds_alternative<Print>(command)) << line;
    EXPECT_EQ(std::get<Print>(command).exit_code, 0) << line;
    EXPECT_THAT(std::get<Print>(command).text, HasSubstr(want)) << line;
    EXPECT_EQ(std::get<Print>(command).text.back(), '\n') << line;
  }
}

TEST(CommandTest, HelpNamesEveryOptionOfRun) {
  const std::string help = std::get<Print>(ParseLine("run --help")).text;
  for (const std::string flag : {"--config", "--tap", "--listen", "--probe-listen", "--service",
                                 "--log-format", "--log-level", "--rules", "--alertmanager"}) {
    EXPECT_THAT(help, HasSubstr("\n  " + flag + " "));
  }
}

TEST(CommandTest, HelpNamesEveryOptionOfQuery) {
  const std::string help = std::get<Print>(ParseLine("query --help")).text;
  for (const std::string flag : {"--url", "--time", "--start", "--end", "--step", "--timeout", "--format"}) {
    EXPECT_THAT(help, HasSubstr("\n  " + flag + " "));
  }
}

TEST(CommandTest, WrongUse) {
  const std::string query_hint = "\n\"sidelight query --help\" shows what there is.\n";
  const std::string run_hint = "\n\"sidelight run --help\" shows what there is.\n";
  const std::pair<std::string, std::string> cases[] = {
      {"", "sidelight: no command is given\n\"sidelight --help\" shows what there is.\n"},
      {"start", "sidelight: there is no command \"start\"\n\"sidelight --help\" shows what there is.\n"},
      {"test a.yaml",
       "sidelight test: \"a.yaml\" is not expected here; what to test comes first: sidelight test rules "
       "FILE\n\"sidelight test --help\" shows what there is.\n"},
      {"rnu",
       "sidelight: there is no command \"rnu\"; did you mean \"run\"?\n\"sidelight --help\" shows what there "
       "is.\n"},
      {"--foo", "sidelight: there is no option \"--foo\"\n\"sidelight --help\" shows what there is.\n"},
      {"run",
       "sidelight run: what to run is not said; give --config FILE, or --tap PROTOCOL://LISTEN=UPSTREAM" +
           run_hint},
      {"run --listen 127.0.0.1:1",
       "sidelight run: what to run is not said; give --config FILE, or --tap PROTOCOL://LISTEN=UPSTREAM" +
           run_hint},
      {"run --config a --tap b",
       "sidelight run: --config and --tap exclude each other; the file says everything, or "
       "the flags do" +
           run_hint},
      {"run --config a --log-level info",
       "sidelight run: --config and --log-level exclude each other; the file says everything, or the flags "
       "do" +
           run_hint},
      {"run --config ''", "sidelight run: --config names no file" + run_hint},
      {"run --lisen x --tap y",
       "sidelight run: there is no option \"--lisen\"; did you mean \"--listen\"?" + run_hint},
      {"run --nothing=3 --tap y", "sidelight run: there is no option \"--nothing\"" + run_hint},
      {"run a.yaml",
       "sidelight run: \"a.yaml\" is not expected here; a configuration is given as --config FILE" +
           run_hint},
      {"run --tap a b",
       "sidelight run: \"b\" is not expected here; a configuration is given as --config FILE" + run_hint},
      {"run --config", "sidelight run: --config needs a value" + run_hint},
      {"run --config a --config b", "sidelight run: --config may be given only once" + run_hint},
      {"check", "sidelight check: FILE is missing\n\"sidelight check --help\" shows what there is.\n"},
      {"query", "sidelight query: EXPR is missing" + query_hint},
      {"query a b",
       "sidelight query: \"b\" is not expected here; an expression is one argument, in quotes" + query_hint},
      {"query --fromat json a",
       "sidelight query: there is no option \"--fromat\"; did you mean \"--format\"?" + query_hint},
      {"query --format xml a", "sidelight query: --format \"xml\": valid values: table, json" + query_hint},
      {"query --start 1 a",
       "sidelight query: a range needs --start and --step; --end is now when it is left out" + query_hint},
      {"query --end 1 a",
       "sidelight query: a range needs --start and --step; --end is now when it is left out" + query_hint},
      {"query --start 1 --step 1 --time 1 a",
       "sidelight query: --time and --start exclude each other; a query is of one moment, or of a range" +
           query_hint},
      {"version x",
       "sidelight version: \"x\" is not expected here\n\"sidelight version --help\" shows what there is.\n"},
  };
  for (const auto& [line, want] : cases) {
    const Command command = ParseLine(line);
    ASSERT_TRUE(std::holds_alternative<Print>(command)) << line;
    EXPECT_EQ(std::get<Print>(command).exit_code, kUsageError) << line;
    EXPECT_EQ(std::get<Print>(command).text, want) << line;
  }
}

}  // namespace
}  // namespace sidelight::cli
