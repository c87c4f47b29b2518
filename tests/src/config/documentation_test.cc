// Holds docs/configuration.md to the code: its files load, each key of its tables is taken with its example,
// each default is the program's own, and the program asks for no key that the tables do not have.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "core/yaml/yaml.h"
#include "src/config/config.h"
#include "src/config/reload.h"

namespace sidelight::config {
namespace {

struct Row {
  std::string key;       // "limits.series", "taps[].naming.style"
  std::string fallback;  // the column "Default"
  std::string example;
};

std::string Page() {
  std::ifstream in(SIDELIGHT_CONFIGURATION_PAGE);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string Trim(const std::string& text) {
  const size_t begin = text.find_first_not_of(" `");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(" `") - begin + 1);
}

std::vector<Row> Rows() {
  std::vector<Row> rows;
  std::istringstream page(Page());
  for (std::string line; std::getline(page, line);) {
    if (!line.starts_with("| `")) continue;
    std::vector<std::string> cells;
    std::istringstream in(line.substr(1));
    for (std::string cell; std::getline(in, cell, '|');) cells.push_back(Trim(cell));
    EXPECT_EQ(cells.size(), 5u) << line;
    if (cells.size() == 5) rows.push_back({cells[0], cells[2], cells[4]});
  }
  return rows;
}

std::optional<std::string> TestEnvironment(const std::string& name) {
  if (name == "HOME") return "/home/app";
  return std::nullopt;
}

// A protocol that the key of a tap goes with.
std::string ProtocolFor(const std::string& key) {
  if (key == "taps[].keyspaces" || key == "taps[].cache_window") return "redis";
  return key.find("slow_quer") != std::string::npos ? "postgres" : "http";
}

const std::string kAlertmanager = "alerting.alertmanagers[].";
const std::string kRelabelling = "alerting.alert_relabel_configs[].";
const std::string kOtlp = "exporters.otlp[].";
const std::string kRemoteWrite = "exporters.remote_write[].";
const std::string kExportQueue = "exporters.queue.";

std::string Flow(const std::map<std::string, std::string>& mapping) {
  std::string text;
  for (const auto& [name, value] : mapping) text += (text.empty() ? "{" : ", ") + name + ": " + value;
  return text + "}";
}

// A destination that is right as it is given, with `key: value` in it. A secret stands with what it needs.
std::string DestinationWith(std::map<std::string, std::string> destination, const std::string& key,
                            const std::string& value) {
  const size_t dot = key.find('.');
  if (dot == std::string::npos) {
    const bool url = key == "url" || key.ends_with("endpoint");
    destination[key] = url ? "\"" + value + "\"" : value;
    return Flow(destination);
  }
  const std::string inner = key.substr(dot + 1);
  std::map<std::string, std::string> mapping = {{inner, value}};
  if (inner.starts_with("password")) mapping["username"] = "u";
  if (inner == "type") mapping["credentials"] = "c";
  if (inner == "cert_file") mapping["key_file"] = "k";
  if (inner == "key_file") mapping["cert_file"] = "c";
  destination[key.substr(0, dot)] = Flow(mapping);
  return Flow(destination);
}

// An Alertmanager that is right, with `key: value` in it.
std::string AlertmanagerWith(const std::string& key, const std::string& value) {
  std::map<std::string, std::string> alertmanager = {{"url", "\"http://a:1\""}};
  if (key == "scheme" || key.starts_with("static_configs")) {
    const std::string targets = key.ends_with(".targets") ? value : "[\"a:1\"]";
    const std::string scheme = key == "scheme" ? value : "http";
    return Flow({{"scheme", scheme}, {"static_configs", "[{targets: " + targets + "}]"}});
  }
  return DestinationWith(std::move(alertmanager), key, value);
}

// A step of relabelling that is right, with `key: value` in it.
std::string RelabellingWith(const std::string& key, const std::string& value) {
  std::map<std::string, std::string> step = {{"source_labels", "[a]"}, {"target_label", "b"}};
  if (key == "modulus") step["action"] = "hashmod";
  step[key] = value;
  return Flow(step);
}

// A file that is right, with `key: value` in it.
std::string FileWith(const std::string& key, const std::string& value) {
  std::map<std::string, std::string> tap = {{"name", "t"},
                                            {"protocol", ProtocolFor(key)},
                                            {"listen", "\"127.0.0.1:1\""},
                                            {"upstream", "\"127.0.0.1:2\""}};
  std::string top;
  if (key.starts_with("taps[].naming.")) {
    const std::string name = key.substr(14);
    tap["naming"] = "{" + std::string(name == "prefix" ? "style: plain, " : "") + name + ": " + value + "}";
  } else if (key.starts_with("taps[].")) {
    if (key == "taps[].log_slow_queries") tap["slow_query"] = "1s";
    tap[key.substr(7)] = value;
  } else if (key.starts_with(kAlertmanager)) {
    top = "alerting: {alertmanagers: [" + AlertmanagerWith(key.substr(kAlertmanager.size()), value) + "]}\n";
  } else if (key.starts_with(kRelabelling)) {
    top = "alerting: {alert_relabel_configs: [" + RelabellingWith(key.substr(kRelabelling.size()), value) +
          "]}\n";
  } else if (key.starts_with(kOtlp)) {
    const std::string name = key.substr(kOtlp.size());
    std::map<std::string, std::string> destination = {{"endpoint", "\"http://a:1\""}};
    if (name == "metrics_endpoint") destination.clear();
    top = "exporters: {otlp: [" + DestinationWith(destination, name, value) + "]}\n";
  } else if (key.starts_with(kRemoteWrite)) {
    top = "exporters: {remote_write: [" +
          DestinationWith({{"url", "\"http://a:1\""}}, key.substr(kRemoteWrite.size()), value) + "]}\n";
  } else if (key.starts_with(kExportQueue)) {
    top = "exporters: {queue: {" + key.substr(kExportQueue.size()) + ": " + value + "}}\n";
  } else if (const size_t dot = key.find('.'); dot != std::string::npos) {
    top = key.substr(0, dot) + ": {" + key.substr(dot + 1) + ": " + value + "}\n";
  } else {
    top = key + ": " + value + "\n";
  }
  std::string text = top + "taps:\n- ";
  for (const auto& [name, setting] : tap)
    text += (text.ends_with("- ") ? "" : "  ") + name + ": " + setting + "\n";
  return text;
}

std::string ErrorOf(const Result<Config>& config) {
  return config ? "" : config.error().message;
}

TEST(DocumentationTest, ItsFilesLoad) {
  const std::string page = Page();
  const std::string open = "```yaml\n";
  int files = 0;
  for (size_t at = page.find(open); at != std::string::npos; at = page.find(open, at + 1), ++files) {
    const size_t begin = at + open.size();
    const std::string text = page.substr(begin, page.find("```", begin) - begin);
    EXPECT_EQ(ErrorOf(Parse(text, "configuration.md", TestEnvironment)), "") << text;
  }
  EXPECT_GE(files, 2);
}

TEST(DocumentationTest, TheErrorItShowsIsTheErrorThatComes) {
  const std::string text =
      "taps:\n  - name: api\n    protocol: http\n    listen: 0.0.0.0:8080\n    upsteam: 127.0.0.1:8081\n";
  const std::string error = ErrorOf(Parse(text, "sidelight.yaml", TestEnvironment));
  const std::string shown =
      "sidelight.yaml:5:5: unknown key \"upsteam\"; did you mean \"upstream\"?\n"
      "    upsteam: 127.0.0.1:8081\n    ^";
  EXPECT_NE(error.find(shown), std::string::npos) << error;
  EXPECT_NE(Page().find(shown), std::string::npos);
}

TEST(DocumentationTest, EveryKeyIsTakenWithItsExample) {
  const std::vector<Row> rows = Rows();
  EXPECT_GE(rows.size(), 20u);
  for (const Row& row : rows) {
    const std::string text = FileWith(row.key, row.example);
    EXPECT_EQ(ErrorOf(Parse(text, "f.yaml", TestEnvironment)), "") << row.key << "\n" << text;
  }
}

// The words in backticks behind `begin` in the page, up to the end of that line.
std::vector<std::string> WordsBehind(const std::string& begin) {
  const std::string page = Page();
  const size_t at = page.find(begin);
  EXPECT_NE(at, std::string::npos) << begin;
  if (at == std::string::npos) return {};
  std::istringstream line(page.substr(at + begin.size(), page.find('\n', at) - at - begin.size()));
  std::vector<std::string> words;
  std::string text, word;
  while (std::getline(line, text, '`') && std::getline(line, word, '`')) words.push_back(word);
  return words;
}

TEST(DocumentationTest, SaysWhatAReloadTakesOver) {
  const std::pair<std::string, Effect> rows[] = {{"| at a reload |", Effect::kReload},
                                                 {"| after a restart |", Effect::kRestart}};
  for (const auto& [begin, effect] : rows) {
    const std::vector<std::string_view> keys = KeysOf(effect);
    EXPECT_EQ(WordsBehind(begin), std::vector<std::string>(keys.begin(), keys.end())) << begin;
  }
}

// A new key has to be put into one of the classes (src/config/reload.cc), and does then what that one says.
TEST(DocumentationTest, EveryKeyIsTakenOverOrWaitsForARestart) {
  for (const Row& row : Rows()) {
    const std::optional<Effect> effect = EffectOf(row.key);
    ASSERT_TRUE(effect) << row.key << " is in no class of src/config/reload.cc";
    // What it has anyway in the file that the key is put into.
    if (row.key == "taps[].protocol" || row.key == "taps[].naming.style") continue;
    std::string without = "taps: [{name: t, protocol: " + ProtocolFor(row.key) +
                          ", listen: \"127.0.0.1:1\", upstream: \"127.0.0.1:2\"}]\n";
    if (row.key.starts_with(kRemoteWrite)) without = FileWith(kRemoteWrite + "remote_timeout", "30s");
    const Result<Config> running = Parse(without, "f.yaml", TestEnvironment);
    const Result<Config> fresh = Parse(FileWith(row.key, row.example), "f.yaml", TestEnvironment);
    ASSERT_TRUE(running && fresh) << row.key << ErrorOf(running) << ErrorOf(fresh);
    const Reload reload = AfterReload(*running, *fresh, true);
    if (effect == Effect::kReload) {
      EXPECT_TRUE(reload.waiting.empty()) << row.key << " waits: " << reload.waiting.front();
    } else {
      EXPECT_FALSE(reload.waiting.empty()) << row.key << " is taken over";
    }
    // What waits is what was in force before.
    EXPECT_TRUE(AfterReload(reload.config, *running, true).waiting.empty()) << row.key;
  }
}

TEST(DocumentationTest, EveryKeyThatIsAskedForIsThere) {
  // A mapping that knows no key says which ones it knows.
  const std::pair<std::string, std::string> mappings[] = {
      {"", "zzzzzzzzzz: 1\n"},
      {"web.", "web: {zzzzzzzzzz: 1}\n"},
      {"log.", "log: {zzzzzzzzzz: 1}\n"},
      {"limits.", "limits: {zzzzzzzzzz: 1}\n"},
      {"storage.", "storage: {zzzzzzzzzz: 1}\n"},
      {"promql.", "promql: {zzzzzzzzzz: 1}\n"},
      {"alerting.", "alerting: {zzzzzzzzzz: 1}\n"},
      {kAlertmanager, "alerting: {alertmanagers: [{url: \"http://a:1\", zzzzzzzzzz: 1}]}\n"},
      {kAlertmanager + "basic_auth.",
       "alerting: {alertmanagers: [{url: \"http://a:1\", basic_auth: {zzzzzzzzzz: 1}}]}\n"},
      {kAlertmanager + "authorization.",
       "alerting: {alertmanagers: [{url: \"http://a:1\", authorization: {zzzzzzzzzz: 1}}]}\n"},
      {kAlertmanager + "tls_config.",
       "alerting: {alertmanagers: [{url: \"http://a:1\", tls_config: {zzzzzzzzzz: 1}}]}\n"},
      {kRelabelling, "alerting: {alert_relabel_configs: [{target_label: a, zzzzzzzzzz: 1}]}\n"},
      {"exporters.", "exporters: {zzzzzzzzzz: 1}\n"},
      {kOtlp, "exporters: {otlp: [{endpoint: \"http://a:1\", zzzzzzzzzz: 1}]}\n"},
      {kRemoteWrite, "exporters: {remote_write: [{url: \"http://a:1\", zzzzzzzzzz: 1}]}\n"},
      {kRemoteWrite + "queue_config.",
       "exporters: {remote_write: [{url: \"http://a:1\", queue_config: {zzzzzzzzzz: 1}}]}\n"},
      {kRemoteWrite + "metadata_config.",
       "exporters: {remote_write: [{url: \"http://a:1\", metadata_config: {zzzzzzzzzz: 1}}]}\n"},
      {kExportQueue, "exporters: {queue: {zzzzzzzzzz: 1}}\n"},
      {"taps[].", "taps: [{zzzzzzzzzz: 1}]\n"},
      {"taps[].naming.", "taps: [{naming: {zzzzzzzzzz: 1}}]\n"},
  };
  std::set<std::string> documented;
  for (const Row& row : Rows()) {
    documented.insert(row.key);
    // A key within a key documents the outer one too.
    for (size_t dot = row.key.find('.'); dot != std::string::npos; dot = row.key.find('.', dot + 1)) {
      documented.insert(row.key.substr(0, row.key[dot - 1] == ']' ? dot - 2 : dot));
    }
  }
  const std::string says = "unknown key \"zzzzzzzzzz\"; valid keys: ";
  for (const auto& [prefix, text] : mappings) {
    const std::string error = ErrorOf(Parse(text, "f.yaml", TestEnvironment));
    const size_t at = error.find(says);
    ASSERT_NE(at, std::string::npos) << text << error;
    const size_t begin = at + says.size();
    std::istringstream keys(error.substr(begin, error.find('\n', begin) - begin));
    for (std::string key; std::getline(keys >> std::ws, key, ',');) {
      // Those of Prometheus that find Alertmanagers are known in order to be refused with a reason.
      if (prefix == kAlertmanager && (key.ends_with("_sd_configs") || key == "relabel_configs")) continue;
      EXPECT_TRUE(documented.contains(prefix + key)) << prefix + key << " is not in the page";
    }
  }
}

// What a default of an Alertmanager or of relabelling, set by hand, makes of it.
void ExpectSameAlertmanager(const std::string& key, const alertmanager::Settings& got,
                            const alertmanager::Settings& file) {
  const alertmanager::Destination fresh;
  for (const alertmanager::Destination& one : got.alertmanagers) {
    EXPECT_EQ(one.timeout, fresh.timeout) << key;
    EXPECT_EQ(one.alert_relabel_configs.size(), 0u) << key;
    EXPECT_EQ(one.client.tls.insecure_skip_verify, fresh.client.tls.insecure_skip_verify) << key;
    EXPECT_EQ(one.client.tls.min_version, fresh.client.tls.min_version) << key;
    if (one.client.authorization) {
      EXPECT_EQ(one.client.authorization->type, "Bearer") << key;
    }
  }
  if (!key.starts_with(kRelabelling)) {
    EXPECT_EQ(got.alert_relabel_configs.size(), file.alert_relabel_configs.size()) << key;
    return;
  }
  const relabel::Rule plain;
  for (const relabel::Rule& rule : got.alert_relabel_configs) {
    EXPECT_EQ(rule.action, plain.action) << key;
    EXPECT_EQ(rule.separator, plain.separator) << key;
    EXPECT_EQ(rule.regex, plain.regex) << key;
    EXPECT_EQ(rule.replacement, plain.replacement) << key;
  }
}

// The same of the exporters.
void ExpectSameExporters(const std::string& key, const Exporters& got, const Exporters& file) {
  EXPECT_EQ(got.queue.max_bytes, file.queue.max_bytes) << key;
  EXPECT_EQ(got.queue.max_age, file.queue.max_age) << key;
  const otlp::Destination otlp;
  for (const otlp::Destination& one : got.otlp) {
    EXPECT_EQ(one.protocol, otlp.protocol) << key;
    EXPECT_EQ(one.gzip, otlp.gzip) << key;
    EXPECT_EQ(one.temporality, otlp.temporality) << key;
    EXPECT_EQ(one.histograms, otlp.histograms) << key;
    EXPECT_EQ(one.interval, otlp.interval) << key;
    EXPECT_EQ(one.timeout, otlp.timeout) << key;
    EXPECT_EQ(one.client.headers.size(), 0u) << key;
  }
  const remote_write::Destination write;
  for (const remote_write::Destination& one : got.remote_write) {
    EXPECT_EQ(one.timeout, write.timeout) << key;
    EXPECT_EQ(one.message, write.message) << key;
    EXPECT_EQ(one.send_exemplars, write.send_exemplars) << key;
    EXPECT_EQ(one.send_native_histograms, write.send_native_histograms) << key;
    EXPECT_EQ(one.write_relabel_configs.size(), 0u) << key;
    EXPECT_EQ(one.send_metadata, write.send_metadata) << key;
    EXPECT_EQ(one.metadata_interval, write.metadata_interval) << key;
    EXPECT_EQ(one.shards, write.shards) << key;
    EXPECT_EQ(one.max_samples_per_send, write.max_samples_per_send) << key;
    EXPECT_EQ(one.batch_send_deadline, write.batch_send_deadline) << key;
    EXPECT_EQ(one.min_backoff, write.min_backoff) << key;
    EXPECT_EQ(one.max_backoff, write.max_backoff) << key;
    EXPECT_EQ(one.client.headers.size(), 0u) << key;
  }
}

// Every documented default, set by hand, is what comes without it.
TEST(DocumentationTest, DefaultsAreTheProgramsOwn) {
  const auto config = [](const std::string& text) { return Parse(text, "f.yaml", TestEnvironment).value(); };
  const Config d = config(FileWith("interval", "5s"));
  std::map<std::string, std::string> defaults;
  for (const Row& row : Rows()) {
    // Words for what no value says are not YAML.
    if (row.fallback == "required" || row.fallback == "none" || row.fallback.starts_with("the ") ||
        row.fallback.find(',') != std::string::npos)
      continue;
    const Config c = config(FileWith(row.key, row.fallback));
    EXPECT_EQ(c.service, d.service) << row.key;
    EXPECT_EQ(c.listen, d.listen) << row.key;
    EXPECT_EQ(c.probe_listen, d.probe_listen) << row.key;
    EXPECT_EQ(c.interval, d.interval) << row.key;
    EXPECT_EQ(c.workers, d.workers) << row.key;
    EXPECT_EQ(c.web.lifecycle, d.web.lifecycle) << row.key;
    EXPECT_EQ(c.web.max_connections, d.web.max_connections) << row.key;
    EXPECT_EQ(c.log.format, d.log.format) << row.key;
    EXPECT_EQ(c.log.level, d.log.level) << row.key;
    EXPECT_EQ(c.limits.series, d.limits.series) << row.key;
    EXPECT_EQ(c.limits.connections, d.limits.connections) << row.key;
    EXPECT_EQ(c.limits.idle_series, d.limits.idle_series) << row.key;
    EXPECT_EQ(c.limits.drain, d.limits.drain) << row.key;
    EXPECT_EQ(c.limits.drain_delay, d.limits.drain_delay) << row.key;
    EXPECT_EQ(c.external_labels, d.external_labels) << row.key;
    EXPECT_EQ(c.external_url, d.external_url) << row.key;
    EXPECT_EQ(c.evaluation_interval, d.evaluation_interval) << row.key;
    EXPECT_EQ(c.rule_files, d.rule_files) << row.key;
    EXPECT_EQ(c.packs, d.packs) << row.key;
    EXPECT_EQ(c.alerting.resend_delay, d.alerting.resend_delay) << row.key;
    ExpectSameAlertmanager(row.key, c.alerting.settings, d.alerting.settings);
    EXPECT_EQ(c.metric_relabel_configs.size(), d.metric_relabel_configs.size()) << row.key;
    ExpectSameExporters(row.key, c.exporters, d.exporters);
    EXPECT_EQ(c.storage.path, d.storage.path) << row.key;
    EXPECT_EQ(c.storage.retention, d.storage.retention) << row.key;
    EXPECT_EQ(c.storage.memory, d.storage.memory) << row.key;
    EXPECT_EQ(c.storage.first_zero, d.storage.first_zero) << row.key;
    EXPECT_EQ(c.promql.experimental, d.promql.experimental) << row.key;
    EXPECT_EQ(c.promql.max_samples, d.promql.max_samples) << row.key;
    EXPECT_EQ(c.promql.max_concurrency, d.promql.max_concurrency) << row.key;
    EXPECT_EQ(c.promql.max_result_size, d.promql.max_result_size) << row.key;
    EXPECT_EQ(c.promql.timeout, d.promql.timeout) << row.key;
    const Tap& tap = c.taps[0];
    const Tap& default_tap = d.taps[0];
    EXPECT_EQ(tap.tap.source, default_tap.tap.source) << row.key;
    EXPECT_EQ(tap.tap.proxy_protocol, default_tap.tap.proxy_protocol) << row.key;
    EXPECT_EQ(tap.tap.connect_timeout, default_tap.tap.connect_timeout) << row.key;
    EXPECT_EQ(tap.tap.timeout, default_tap.tap.timeout) << row.key;
    EXPECT_EQ(tap.meter.role, default_tap.meter.role) << row.key;
    EXPECT_EQ(tap.meter.routes.size(), default_tap.meter.routes.size()) << row.key;
    EXPECT_EQ(tap.meter.ignore.size(), default_tap.meter.ignore.size()) << row.key;
    EXPECT_EQ(tap.meter.naming.style, default_tap.meter.naming.style) << row.key;
    EXPECT_EQ(tap.database.keyspaces.size(), default_tap.database.keyspaces.size()) << row.key;
    EXPECT_EQ(tap.database.cache_window, default_tap.database.cache_window) << row.key;
    EXPECT_EQ(tap.database.log_slow_queries, default_tap.database.log_slow_queries) << row.key;
    if (row.key == "taps[].log_slow_queries") continue;  // It is not there without the other one.
    EXPECT_EQ(tap.database.slow_query, default_tap.database.slow_query) << row.key;
  }
}

}  // namespace
}  // namespace sidelight::config
