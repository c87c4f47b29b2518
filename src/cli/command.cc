#include "src/cli/command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <optional>
#include <utility>

#include "core/yaml/spelling.h"

namespace sidelight::cli {
namespace {

constexpr std::string_view kHelp =
    R"(Sidelight measures a backend's traffic without a change to it, and shows it to Prometheus.

Usage:
  sidelight run --config FILE                     what a file says (docs/configuration.md)
  sidelight run --tap PROTOCOL://LISTEN=UPSTREAM  one tap or more, without a file
  sidelight check FILE...                         whether configuration and rule files are right
  sidelight test rules FILE...                    whether rules do what their unit tests say
  sidelight query EXPR                            what PromQL says about the last hours
  sidelight version
  sidelight COMMAND --help

Examples:
  Measure the HTTP backend on port 8081, for the clients that connect to port 8080:
    sidelight run --tap http://0.0.0.0:8080=127.0.0.1:8081
  See what was measured:
    curl http://127.0.0.1:9464/metrics
  See how many requests there are in a second:
    sidelight query 'sum(rate(http_server_request_duration_seconds_count[1m]))'

Exit codes: 0 done, 1 failed, 2 used wrongly.
)";

constexpr std::string_view kRunHelp =
    R"(Runs until SIGTERM or SIGINT; what is under way is then finished first.

Usage:
  sidelight run --config FILE
  sidelight run --tap PROTOCOL://LISTEN=UPSTREAM [--tap ...] [options]

With a file:
  --config FILE          the configuration; it says everything, so no other option goes with it

Without a file:
  --tap PROTOCOL://LISTEN=UPSTREAM
                         listens at LISTEN, carries what comes to UPSTREAM and measures it. PROTOCOL is http,
                         memcached, postgres, redis, auto (told from a connection's first bytes) or tcp (bytes
                         only); addresses are host:port, [v6]:port or unix:/path. May be repeated
  --listen ADDRESS       /metrics and the API (default 0.0.0.0:9464)
  --probe-listen ADDRESS /-/healthy, /-/ready and /healthz (default 0.0.0.0:9465)
  --service NAME         the service's name (default $OTEL_SERVICE_NAME, else unknown_service)
  --log-format FORMAT    json or text (default json)
  --log-level LEVEL      debug, info, warn or error (default info)
  --rules PATTERN        rule files, as in 'rules/*.yaml'; their alerts go to --alertmanager. May be repeated
  --alertmanager URL     an Alertmanager that gets the alerts, as in http://127.0.0.1:9093. May be repeated

Examples:
  sidelight run --config /etc/sidelight/sidelight.yaml
  sidelight run --tap http://0.0.0.0:8080=127.0.0.1:8081 --service checkout --log-format text
  sidelight run --tap http://0.0.0.0:8080=unix:/run/app.sock --tap redis://127.0.0.1:6380=redis:6379
)";

constexpr std::string_view kCheckHelp =
    R"(Reads configuration and rule files as `sidelight run` would, without running anything.

Usage:
  sidelight check [--config FILE] [--connect] FILE...
  helm template ... | sidelight check -
  kubectl get prometheusrules,configmaps -o yaml | sidelight check -

Each FILE is a configuration, whose rule files and packs are checked too, or a rule file in Prometheus' format
(what has a key `groups`). Prints "FILE: ok" and the number of its rules, or everything that is wrong in it with
line and column. The exit code is 1 when a file is wrong. Variables that a configuration takes from the
environment (${env:NAME}) must be set.

A FILE may also have objects of Kubernetes in it, YAML or JSON, and "-" is standard input with such objects: then
each ConfigMap with a sidelight.yaml is checked, with its rule files, and each PrometheusRule. Variables count as
set when a container among the objects has them.

Rules that are right and yet probably not meant get a warning, which leaves the exit code as it is: two rules of
one name with the same labels, a metric that nothing gives, a label that nothing sets, and a look back further
than the storage reaches. What there is to ask for depends on the configuration.

Options:
  --config FILE  the configuration that the rule files are meant for. Without one nothing is said about the
                 retention, and nothing about metrics but those with OpenTelemetry's names and Sidelight's own
  --connect      also speak to each Alertmanager and each destination of `exporters` that a configuration names,
                 and print what it answers, a line each:
                   otlp http://collector:4318/v1/metrics: ok (200)
                 The exit code is 1 when one of them fails. What is sent has nothing in it and leaves nothing
                 behind: an Alertmanager is asked for its status, OTLP and remote write get an empty request

Examples:
  sidelight check sidelight.yaml
  sidelight check --config sidelight.yaml rules/*.yaml
  sidelight check --connect sidelight.yaml
  helm template checkout ./checkout | sidelight check -
)";

constexpr std::string_view kTestHelp =
    R"(Runs unit tests of rule files, in the format of Prometheus' `promtool test rules`.

Usage:
  sidelight test rules [options] FILE...

Options:
  --run REGEX              only the tests in whose names it is found. May be repeated
  --ignore-unknown-fields  rule files may have fields that Prometheus does not know
  --experimental           PromQL with what Prometheus has behind flags, as with promql.experimental

A FILE is a test file, which names its rule files, or files with PrometheusRules, itself (docs/rules.md). Prints
"SUCCESS", or what was expected and what came instead. The exit code is 1 when a test fails or a file is wrong.

Examples:
  sidelight test rules tests/alerts_test.yaml
  sidelight test rules --run 'burn rate' tests/*.yaml
)";

constexpr std::string_view kQueryHelp =
    R"(Asks a Sidelight that runs (or a Prometheus) what PromQL says, and prints a table.

Usage:
  sidelight query [options] EXPR                            at one moment
  sidelight query --start TIME --step STEP [options] EXPR   at every step of a range

Options:
  --url URL        where it listens (default http://127.0.0.1:9464)
  --time TIME      the moment (default now): seconds since 1970, or 2026-11-20T21:40:00Z
  --start TIME     the first moment of a range
  --end TIME       the last one (default now)
  --step STEP      from one moment to the next: 15s, 1m, or a number of seconds
  --timeout SPAN   how long the query may take (default 30s)
  --format FORMAT  table or json: the answer as Prometheus' API gives it (default table)

The exit code is 1 when the query fails or nobody answers. An expression that begins with "-" stands behind "--".

Examples:
  sidelight query 'sum by (http_route) (rate(http_server_request_duration_seconds_count[1m]))'
  sidelight query --start 2026-11-20T21:00:00Z --end 2026-11-20T22:00:00Z --step 5m up
  sidelight query --format json -- '-1'
)";

constexpr std::string_view kVersionHelp = R"(Prints the version.

Usage:
  sidelight version
)";

Print Usage(std::string_view command, std::string_view message) {
  const std::string program = command.empty() ? "sidelight" : fmt::format("sidelight {}", command);
  return {fmt::format("{}: {}\n\"{} --help\" shows what there is.\n", program, message, program),
          kUsageError};
}

// Every word that could have stood where an unexpected one stands.
std::vector<std::string_view> KnownWords(const CLI::App& app) {
  std::vector<std::string_view> words;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) words.push_back(name);
  }
  return words;
}

// What somebody means who gives the command a word more.
std::string_view Hint(std::string_view command) {
  if (command == "run") return "; a configuration is given as --config FILE";
  if (command == "test") return "; what to test comes first: sidelight test rules FILE";
  if (command == "query") return "; an expression is one argument, in quotes";
  return "";
}

std::string Unexpected(const CLI::App& app, const std::string& argument) {
  if (!argument.starts_with("--")) {
    return fmt::format("\"{}\" is not expected here{}", argument, Hint(app.get_name()));
  }
  const std::string name = argument.substr(2, argument.find('=') - 2);
  const std::string_view nearest = yaml::Nearest(name, KnownWords(app));
  if (nearest.empty()) return fmt::format("there is no option \"--{}\"", name);
  return fmt::format("there is no option \"--{}\"; did you mean \"--{}\"?", name, nearest);
}

// The program's words as CLI11 knows them, and where it leaves what was given.
struct Grammar {
  CLI::App app{"", "sidelight"};
  CLI::App* run = app.add_subcommand("run");
  CLI::App* check = app.add_subcommand("check");
  CLI::App* test = app.add_subcommand("test");
  CLI::App* test_rules = test->add_subcommand("rules");
  CLI::App* query = app.add_subcommand("query");
  CLI::App* version = app.add_subcommand("version");
  Run run_command;
  Check check_command;
  TestRules test_command;
  Query query_command;
  std::string format = "table";
  std::vector<CLI::Option*> flags_without_file;

  Grammar() {
    app.require_subcommand(0, 1);
    app.set_help_flag("-h,--help", "");
    app.add_flag("--version");
    for (CLI::App* command : {run, check, test, test_rules, query, version})
      command->set_help_flag("-h,--help", "");

    run->add_option("--config", run_command.config_path);
    config::CommandLine& flags = run_command.flags;
    flags_without_file = {
        run->add_option("--tap", flags.taps)->expected(1)->take_all()->allow_extra_args(false),
        run->add_option("--listen", flags.listen),
        run->add_option("--probe-listen", flags.probe_listen),
        run->add_option("--service", flags.service),
        run->add_option("--log-format", flags.log_format),
        run->add_option("--log-level", flags.log_level),
        run->add_option("--rules", flags.rules)->expected(1)->take_all()->allow_extra_args(false),
        run->add_option("--alertmanager", flags.alertmanagers)
            ->expected(1)
            ->take_all()
            ->allow_extra_args(false),
    };
    check->add_option("FILE", check_command.files)->required();
    check->add_option("--config", check_command.config_path);
    check->add_flag("--connect", check_command.connect);
    test->require_subcommand(0, 1);
    test_rules->add_option("FILE", test_command.files)->required();
    test_rules->add_option("--run", test_command.names)->expected(1)->take_all()->allow_extra_args(false);
    test_rules->add_flag("--ignore-unknown-fields", test_command.ignore_unknown_fields);
    test_rules->add_flag("--experimental", test_command.experimental);
    query->add_option("EXPR", query_command.expression)->required();
    query->add_option("--url", query_command.url);
    query->add_option("--time", query_command.time);
    query->add_option("--start", query_command.start);
    query->add_option("--end", query_command.end);
    query->add_option("--step", query_command.step);
    query->add_option("--timeout", query_command.timeout);
    query->add_option("--format", format);
  }

  const CLI::App* chosen() const {
    const std::vector<CLI::App*> parsed = app.get_subcommands();
    if (parsed.empty()) return &app;
    return parsed.front() == test && test_rules->parsed() ? test_rules : parsed.front();
  }
  std::vector<std::string_view> Commands() const { return {"run", "check", "test", "query", "version"}; }
  // "" where no command is given.
  std::string name() const {
    if (chosen() == &app) return "";
    return chosen() == test_rules ? "test rules" : chosen()->get_name();
  }

  std::string_view help() const {
    if (chosen() == run) return kRunHelp;
    if (chosen() == check) return kCheckHelp;
    if (chosen() == test || chosen() == test_rules) return kTestHelp;
    if (chosen() == query) return kQueryHelp;
    if (chosen() == version) return kVersionHelp;
    return kHelp;
  }
};

Command CheckedRun(const Grammar& grammar) {
  const Run& run = grammar.run_command;
  if (run.config_path.empty() && grammar.run->count("--config") > 0) {
    return Usage("run", "--config names no file");
  }
  if (run.config_path.empty() && run.flags.taps.empty()) {
    return Usage("run", "what to run is not said; give --config FILE, or --tap PROTOCOL://LISTEN=UPSTREAM");
  }
  if (run.config_path.empty()) return run;
  for (const CLI::Option* flag : grammar.flags_without_file) {
    if (flag->count() == 0) continue;
    return Usage("run",
                 fmt::format("--config and {} exclude each other; the file says everything, or the flags do",
                             flag->get_name()));
  }
  return run;
}

Command CheckedQuery(const Grammar& grammar) {
  Query query = grammar.query_command;
  if (grammar.format != "table" && grammar.format != "json") {
    return Usage("query", fmt::format("--format \"{}\": valid values: table, json", grammar.format));
  }
  query.format = grammar.format == "json" ? Query::Format::kJson : Query::Format::kTable;
  if (query.start.empty() != query.step.empty() || (query.start.empty() && !query.end.empty())) {
    return Usage("query", "a range needs --start and --step; --end is now when it is left out");
  }
  if (!query.start.empty() && !query.time.empty()) {
    return Usage("query", "--time and --start exclude each other; a query is of one moment, or of a range");
  }
  return query;
}

Command Parse(Grammar& grammar, int argc, const char* const* argv) {
  const auto name = [&] { return grammar.name(); };
  try {
    grammar.app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return Print{std::string(grammar.help()), 0};
  } catch (const CLI::ExtrasError&) {
    const std::vector<std::string> extras = grammar.app.remaining(true);
    if (extras.empty()) return Usage(name(), "there are arguments that are not expected");
    if (name().empty() && !extras.front().starts_with("-")) {
      const std::string_view nearest = yaml::Nearest(extras.front(), grammar.Commands());
      return Usage("", fmt::format("there is no command \"{}\"{}", extras.front(),
                                   nearest.empty() ? "" : fmt::format("; did you mean \"{}\"?", nearest)));
    }
    return Usage(name(), Unexpected(*grammar.chosen(), extras.front()));
  } catch (const CLI::RequiredError&) {
    return Usage(name(), grammar.chosen() == grammar.query ? "EXPR is missing" : "FILE is missing");
  } catch (const CLI::ArgumentMismatch& e) {
    // CLI11 says "--config: 1 required TEXT missing" or "--config: At Most 1 required but received 2".
    const std::string_view what = e.what();
    const bool missing = what.find("missing") != std::string_view::npos;
    return Usage(name(), fmt::format("{} {}", what.substr(0, what.find(':')),
                                     missing ? "needs a value" : "may be given only once"));
  } catch (const CLI::ParseError& e) {
    return Usage(name(), e.what());
  }
  if (grammar.app.count("--version") > 0 || grammar.version->parsed()) return Version{};
  if (grammar.check->parsed()) return std::move(grammar.check_command);
  if (grammar.test_rules->parsed()) return std::move(grammar.test_command);
  if (grammar.test->parsed()) return Usage("test", "what to test is not said; there is: rules");
  if (grammar.query->parsed()) return CheckedQuery(grammar);
  if (grammar.run->parsed()) return CheckedRun(grammar);
  return Usage("", "no command is given");
}

}  // namespace

Command ParseCommandLine(int argc, const char* const* argv) {
  Grammar grammar;
  return Parse(grammar, argc, argv);
}

}  // namespace sidelight::cli
