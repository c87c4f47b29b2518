// sidelight: flags, configuration, start, announce what was bound, wait, drain.
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "core/base/log.h"
#include "core/http/tls_context.h"
#include "src/app/app.h"
#include "src/app/signals.h"
#include "src/app/version.h"
#include "src/cli/check.h"
#include "src/cli/command.h"
#include "src/cli/query.h"
#include "src/cli/test_rules.h"
#include "src/config/command_line.h"
#include "src/config/config.h"

namespace {

using namespace sidelight;

constexpr int kDone = 0;
constexpr int kFailed = 1;

int Complain(const Error& error, int exit_code) {
  std::fprintf(stderr, "%s\n", error.message.c_str());
  return exit_code;
}

int Show(const cli::Report& report) {
  std::fputs(report.output.c_str(), stdout);
  std::fputs(report.errors.c_str(), stderr);
  return report.exit_code;
}

void Announce(const app::App::Addresses& bound) {
  for (const app::DataPlane::BoundTap& tap : bound.taps) {
    log::Info("tap listens", {{"tap", tap.name},
                              {"protocol", tap.protocol},
                              {"listen", tap.listen.ToString()},
                              {"upstream", tap.upstream.ToString()}});
  }
  log::Info("sidelight is ready", {{"version", std::string(app::Version())},
                                   {"metrics", "http://" + bound.api.ToString() + "/metrics"},
                                   {"probes", "http://" + bound.probes.ToString() + "/-/ready"}});
}

int Execute(const cli::Run& run) {
  const bool from_file = !run.config_path.empty();
  const app::App::ConfigSource source = [run, from_file] {
    return from_file ? config::Load(run.config_path) : config::FromCommandLine(run.flags);
  };
  Result<config::Config> config = source();
  if (!config) return Complain(config.error(), from_file ? kFailed : cli::kUsageError);

  Result<std::unique_ptr<app::App>> app = app::App::Start(*std::move(config), source);
  if (!app) return Complain(app.error(), kFailed);
  Announce((*app)->addresses());
  (*app)->Run();
  app->reset();
  log::Info("stopped");
  return kDone;
}

int Execute(const cli::Check& check) {
  // What --connect finds out is in the report.
  log::Configure(log::Format::kText, log::Level::kError);
  return Show(cli::RunCheck(check));
}

int Execute(const cli::TestRules& command) {
  return cli::RunTestRules(command, stdout, stderr);
}

int Execute(const cli::Query& query) {
  return Show(cli::RunQuery(query));
}

int Execute(const cli::Version&) {
  std::printf("sidelight %s\n", std::string(app::Version()).c_str());
  return kDone;
}

int Execute(const cli::Print& print) {
  std::fputs(print.text.c_str(), print.exit_code == kDone ? stdout : stderr);
  return print.exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  http::KeepOpenSsl();
  app::BlockSignals();
  return std::visit([](const auto& command) { return Execute(command); }, cli::ParseCommandLine(argc, argv));
}
