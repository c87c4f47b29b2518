// Config: the top-level file, decoded and checked. docs/configuration.md is its description, and a test holds
// the two together.
//
// This room knows the keys of the process as a whole; what a tap's keys mean is known by the rooms that act
// on them, which read them from the same mapping. Whatever is wrong, in whichever room, is one error text
// with all the places in it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "collector/meter/database_options.h"
#include "collector/meter/options.h"
#include "collector/tap/options.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/model/labels.h"
#include "core/net/address.h"
#include "core/relabel/relabel.h"
#include "core/yaml/shown.h"
#include "exporters/alertmanager/settings.h"
#include "exporters/otlp/settings.h"
#include "exporters/prometheus/remote_write/settings.h"

namespace sidelight::config {

// Who may ask for a reload over HTTP (POST /-/reload).
enum class Lifecycle { kOff, kLoopback, kAny };

struct Web {
  Lifecycle lifecycle = Lifecycle::kLoopback;
  uint64_t max_connections = 64;  // of the API
};

struct Log {
  log::Format format = log::Format::kJson;
  log::Level level = log::Level::kInfo;
};

struct Limits {
  uint64_t series = 10000;                       // of all taps together; then the overflow series
  uint64_t connections = 10000;                  // of all taps together
  Duration idle_series = std::chrono::hours(1);  // without a change for so long, a series ends
  Duration drain = std::chrono::seconds(25);     // for what is under way when the process is told to end
  Duration drain_delay = Duration::zero();       // before that, still accepting, while others stop sending
};

struct Storage {
  std::string path;  // "": in memory only
  Duration retention = std::chrono::hours(2);
  uint64_t memory = 64 << 20;  // bytes
  bool first_zero = true;      // a new counter enters with a zero at its start
};

struct Promql {
  bool experimental = false;          // what Prometheus has behind flags
  uint64_t max_samples = 50'000'000;  // held at one moment by one query
  uint64_t max_concurrency = 20;
  uint64_t max_result_size = 128 << 20;  // bytes of one answer
  Duration timeout = std::chrono::seconds(30);
};

struct Alerting {
  alertmanager::Settings settings;  // with the external labels
  Duration resend_delay = std::chrono::minutes(1);
};

struct ExportQueue {
  uint64_t max_bytes = uint64_t{64} << 20;
  Duration max_age = std::chrono::hours(24);
};

struct Exporters {
  std::vector<otlp::Destination> otlp;
  otlp::Resource resource;  // who is measured
  std::vector<remote_write::Destination> remote_write;
  ExportQueue queue;  // of what waits for all of them

  bool empty() const { return otlp.empty() && remote_write.empty(); }
};

struct Tap {
  std::string protocol;  // a name of collector/protocols' table
  tap::Options tap;
  meter::Options meter;
  meter::DatabaseOptions database;
  friend bool operator==(const Tap&, const Tap&) = default;
};

struct Config {
  std::string file;        // that it was read from; "": from the command line
  yaml::ShownValue shown;  // without secrets: what /api/v1/status/config shows
  std::string service;
  std::string instance;  // the pod or host that this is
  net::Address listen = net::Address::Tcp("0.0.0.0", 9464);
  net::Address probe_listen = net::Address::Tcp("0.0.0.0", 9465);
  Web web;
  Log log;
  Duration interval = std::chrono::seconds(5);
  Labels external_labels;        // who we are, on what goes to others
  bool service_is_label = true;  // among them the service's name, as nobody says otherwise
  std::string external_url;  // without a '/' at its end; "": DefaultExternalUrl() of where the API listens
  Duration evaluation_interval = std::chrono::seconds(5);  // of rule groups that name none
  std::vector<std::string> rule_files;  // patterns for Match() (rule_files.h), as the process opens them
  std::vector<std::string> packs;       // names of rules/packs, each once
  std::vector<relabel::Rule> metric_relabel_configs;  // of what taps measure
  Alerting alerting;
  Exporters exporters;
  uint64_t workers = 1;  // 0: as many as the quota of CPUs allows
  Limits limits;
  Storage storage;
  Promql promql;
  std::vector<Tap> taps;  // at least one; different names
};

// Looks up an environment variable.
using Environment = std::function<std::optional<std::string>(const std::string&)>;
std::optional<std::string> ProcessEnvironment(const std::string& name);

// The file, or every error in it: "file:line:column: message", the line and a caret, each.
Result<Config> Load(const std::string& path, const Environment& environment = ProcessEnvironment);
// The same for a text that stands in a file of that name.
Result<Config> Parse(std::string text, const std::string& name,
                     const Environment& environment = ProcessEnvironment);

}  // namespace sidelight::config
