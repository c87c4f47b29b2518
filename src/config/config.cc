#include "src/config/config.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <utility>

#include "collector/protocols/protocol.h"
#include "core/relabel/metric_relabelling.h"
#include "core/yaml/yaml.h"
#include "src/config/checks.h"
#include "src/config/exporters.h"
#include "src/config/identity.h"
#include "src/config/rules.h"
#include "src/config/words.h"

namespace sidelight::config {
namespace {

constexpr uint64_t kMaxWorkers = 256;
constexpr Duration kShortestInterval = std::chrono::milliseconds(100);
constexpr Duration kShortestRetention = std::chrono::minutes(1);

std::vector<std::string_view> ProtocolNames() {
  std::vector<std::string_view> names;
  for (const Protocol& protocol : Protocols()) names.push_back(protocol.name);
  return names;
}

void ReadAddress(const yaml::Node& node, net::Address* out) {
  std::string text;
  if (!node || !node.Read(&text)) return;
  Result<net::Address> address = net::Address::Parse(text);
  if (address) {
    *out = *std::move(address);
  } else {
    node.Fail(std::move(address.error().message));
  }
}

void ReadCount(const yaml::Node& node, uint64_t most, uint64_t* out) {
  uint64_t count = 0;
  if (!node.Read(&count)) return;
  if (count < 1 || count > most) {
    node.Fail(fmt::format("it must be from 1 to {}", most));
    return;
  }
  *out = count;
}

template <class Choices, class Meaning>
void ReadChoice(yaml::Mapping& mapping, std::string_view key, const Choices& choices, Meaning* out) {
  std::vector<std::string_view> words;
  for (const auto& choice : choices) words.push_back(choice.first);
  if (const std::optional<size_t> index = mapping.OneOf(key, words)) *out = choices[*index].second;
}

void DecodeService(yaml::Mapping& root, const Environment& environment, Config* out) {
  out->service = DefaultService(environment);
  const yaml::Node service = root.Get("service");
  std::string name;
  if (!service || !service.Read(&name)) return;
  if (name.empty()) {
    service.Fail("the service's name is empty; name it or remove the key");
  } else {
    out->service = std::move(name);
  }
}

void DecodeWeb(yaml::Mapping web, Web* out) {
  ReadChoice(web, "lifecycle", kLifecycles, &out->lifecycle);
  ReadCount(web.Get("max_connections"), 100'000, &out->max_connections);
  web.Finish();
}

void DecodeLog(yaml::Mapping log, Log* out) {
  ReadChoice(log, "format", kLogFormats, &out->format);
  ReadChoice(log, "level", kLogLevels, &out->level);
  log.Finish();
}

void DecodeLimits(yaml::Mapping limits, Limits* out) {
  ReadCount(limits.Get("series"), 10'000'000, &out->series);
  ReadCount(limits.Get("connections"), 10'000'000, &out->connections);
  const yaml::Node idle = limits.Get("idle_series");
  if (idle && idle.Read(&out->idle_series) && out->idle_series < std::chrono::seconds(1)) {
    idle.Fail("it must be at least 1s");
  }
  limits.Optional("drain", &out->drain);
  limits.Optional("drain_delay", &out->drain_delay);
  limits.Finish();
}

void ReadBytes(const yaml::Node& node, uint64_t least, std::string_view least_text, uint64_t* out) {
  uint64_t bytes = 0;
  if (!node || !node.ReadBytes(&bytes)) return;
  if (bytes < least) {
    node.Fail(fmt::format("it must be at least {}", least_text));
  } else {
    *out = bytes;
  }
}

void DecodeStorage(yaml::Mapping storage, Storage* out) {
  const yaml::Node path = storage.Get("path");
  if (path && path.Read(&out->path) && out->path.empty()) {
    path.Fail("the path is empty; name a folder or remove the key");
  }
  const yaml::Node retention = storage.Get("retention");
  if (retention && retention.Read(&out->retention) && out->retention < kShortestRetention) {
    retention.Fail("it must be at least 1m");
  }
  ReadBytes(storage.Get("memory"), 1 << 20, "1MiB", &out->memory);
  storage.Optional("first_zero", &out->first_zero);
  storage.Finish();
}

void DecodePromql(yaml::Mapping promql, Promql* out) {
  promql.Optional("experimental", &out->experimental);
  ReadCount(promql.Get("max_samples"), 10'000'000'000, &out->max_samples);
  ReadCount(promql.Get("max_concurrency"), 10'000, &out->max_concurrency);
  ReadBytes(promql.Get("max_result_size"), 1 << 10, "1KiB", &out->max_result_size);
  const yaml::Node timeout = promql.Get("timeout");
  if (timeout && timeout.Read(&out->timeout) && out->timeout <= Duration::zero()) {
    timeout.Fail("it must be at least 1ms");
  }
  promql.Finish();
}

void DecodeWorkers(const yaml::Node& node, uint64_t* out) {
  std::string text;
  if (!node || !node.Read(&text)) return;
  if (text == "auto") {
    *out = 0;
  } else if (text.find_first_of("0123456789") == std::string::npos) {
    node.Fail(fmt::format("\"{}\" is neither a whole number nor \"auto\"", text));
  } else {
    ReadCount(node, kMaxWorkers, out);
  }
}

void DecodeTap(yaml::Mapping mapping, Tap* out) {
  const std::vector<std::string_view> names = ProtocolNames();
  mapping.RequiredNode("protocol");
  if (const std::optional<size_t> index = mapping.OneOf("protocol", names)) out->protocol = names[*index];
  tap::Decode(mapping, &out->tap);
  meter::Decode(mapping, &out->database);
  const Protocol* const protocol = FindProtocol(out->protocol);
  if (protocol != nullptr) meter::CheckKeysFit(mapping, *protocol);
  // Of a protocol that is not parsed there is nothing to name: role and naming are unknown keys there.
  if (protocol == nullptr || protocol->make_observer != nullptr) meter::Decode(mapping, &out->meter);
  mapping.Finish();
}

void ShowClashes(yaml::Mapping& root, const std::vector<yaml::Node>& taps, const Config& config) {
  CheckClashes(config, [&](Place place, size_t tap, std::string message) {
    const auto at = [&]() -> yaml::Node {
      switch (place) {
        case Place::kProbeListen: {
          const yaml::Node probe_listen = root.Get("probe_listen");
          return probe_listen ? probe_listen : root.Get("listen");
        }
        case Place::kTapName:
          return taps[tap].AsMapping().Get("name");
        case Place::kTapListen:
          return taps[tap].AsMapping().Get("listen");
        case Place::kTapPrefix:
          return taps[tap].AsMapping().Get("naming").AsMapping().Get("prefix");
      }
      return {};
    };
    at().Fail(std::move(message));
  });
}

Result<Config> Decode(const yaml::Document& document, const std::string& path,
                      const Environment& environment) {
  Config config;
  yaml::Mapping root = document.Root().AsMapping();
  DecodeService(root, environment, &config);
  config.instance = DefaultInstance(environment);
  ReadAddress(root.Get("listen"), &config.listen);
  ReadAddress(root.Get("probe_listen"), &config.probe_listen);
  if (const yaml::Node web = root.Get("web")) DecodeWeb(web.AsMapping(), &config.web);
  if (const yaml::Node log = root.Get("log")) DecodeLog(log.AsMapping(), &config.log);
  const yaml::Node interval = root.Get("interval");
  if (interval && interval.Read(&config.interval) && config.interval < kShortestInterval) {
    interval.Fail("it must be at least 100ms");
  }
  DecodeRules(root, std::filesystem::path(path).parent_path().string(), environment, &config);
  if (const yaml::Node list = root.Get("metric_relabel_configs")) {
    relabel::DecodeMetricRelabelling(list, &config.metric_relabel_configs);
  }
  DecodeExporters(root, std::filesystem::path(path).parent_path().string(), environment, &config);
  DecodeWorkers(root.Get("workers"), &config.workers);
  if (const yaml::Node limits = root.Get("limits")) DecodeLimits(limits.AsMapping(), &config.limits);
  if (const yaml::Node storage = root.Get("storage")) DecodeStorage(storage.AsMapping(), &config.storage);
  if (const yaml::Node promql = root.Get("promql")) DecodePromql(promql.AsMapping(), &config.promql);

  const yaml::Node list = root.RequiredNode("taps");
  const std::vector<yaml::Node> taps = list.AsSequence();
  if (list.IsSequence() && taps.empty())
    list.Fail("there is no tap in it; Sidelight measures what a tap carries");
  for (const yaml::Node& node : taps) DecodeTap(node.AsMapping(), &config.taps.emplace_back());
  ShowClashes(root, taps, config);
  root.Finish();

  if (Status status = document.status(); !status) return tl::unexpected<Error>(std::move(status.error()));
  config.shown = document.Shown();
  return config;
}

yaml::Document::Options ReaderOptions(const Environment& environment) {
  yaml::Document::Options options;
  options.environment = environment;
  options.max_bytes = 1 << 20;
  return options;
}

}  // namespace

std::optional<std::string> ProcessEnvironment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

Result<Config> Load(const std::string& path, const Environment& environment) {
  Result<Config> config = Decode(yaml::Document::Load(path, ReaderOptions(environment)), path, environment);
  if (config) config->file = path;
  return config;
}

Result<Config> Parse(std::string text, const std::string& name, const Environment& environment) {
  return Decode(yaml::Document::Parse(std::move(text), name, ReaderOptions(environment)), name, environment);
}

}  // namespace sidelight::config
