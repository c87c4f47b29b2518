#include "exporters/alertmanager/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "exporters/alertmanager/post.h"

namespace sidelight::alertmanager {
namespace {

constexpr size_t kHttps = 1;
constexpr Duration kMinTimeout = std::chrono::milliseconds(1);

// Prometheus' ways to find Alertmanagers. None of them is ours; whoever pastes one is told what to write.
constexpr std::array<std::string_view, 9> kDiscovery = {
    "azure_sd_configs", "consul_sd_configs", "dns_sd_configs",        "ec2_sd_configs",  "eureka_sd_configs",
    "file_sd_configs",  "http_sd_configs",   "kubernetes_sd_configs", "relabel_configs",
};

// "/alerts/" and "alerts" become "/alerts", "/" becomes "".
std::string AsPrefix(std::string_view path) {
  while (path.starts_with('/')) path.remove_prefix(1);
  while (path.ends_with('/')) path.remove_suffix(1);
  return path.empty() ? "" : fmt::format("/{}", path);
}

// What all Alertmanagers of one entry have in common, and the entry's own words for where they are.
struct Entry {
  Destination common;
  std::string path_prefix;
  bool https = false;
};

void Add(const yaml::Node& at, const std::string& text, const Entry& entry, Settings* out) {
  Result<http::Url> url = http::Url::Parse(text);
  if (!url) return at.Fail(std::move(url.error().message));
  Destination destination = entry.common;
  destination.url = *std::move(url);
  const std::string endpoint = Endpoint(destination);
  for (const Destination& other : out->alertmanagers) {
    if (Endpoint(other) == endpoint) return at.Fail(fmt::format("{} is in the list already", endpoint));
  }
  out->alertmanagers.push_back(std::move(destination));
}

// `targets` of Prometheus' static_configs: host:port, or a host alone with the scheme's port.
void AddTargets(const yaml::Node& configs, const Entry& entry, Settings* out) {
  for (const yaml::Node& config : configs.AsSequence()) {
    yaml::Mapping mapping = config.AsMapping();
    if (const yaml::Node labels = mapping.Get("labels")) {
      labels.Fail("labels of targets serve relabelling of targets, which is not there; leave them out");
    }
    const yaml::Node targets = mapping.RequiredNode("targets");
    if (targets) {
      for (const yaml::Node& target : targets.AsSequence()) {
        std::string text;
        if (!target.Read(&text)) continue;
        if (text.find('/') != std::string::npos) {
          target.Fail(
              fmt::format("\"{}\" is no target; write host:port, and what else there is of the URL in "
                          "scheme and path_prefix",
                          text));
          continue;
        }
        Add(target, fmt::format("{}://{}{}", entry.https ? "https" : "http", text, entry.path_prefix), entry,
            out);
      }
    }
    mapping.Finish();
  }
}

void CheckVersion(yaml::Mapping& mapping) {
  const yaml::Node version = mapping.Get("api_version");
  std::string text;
  if (!version || !version.Read(&text) || text == "v2") return;
  version.Fail(text == "v1"
                   ? "api_version v1 is not spoken: Alertmanager has had v2 since 0.16, and v1 no more since "
                     "0.27; write v2, or leave it out"
                   : fmt::format("\"{}\" is no api_version; write v2, or leave it out", text));
}

void DecodeEntry(yaml::Mapping& mapping, Settings* out) {
  Entry entry;
  const yaml::Node url = mapping.Get("url");
  const yaml::Node targets = mapping.Get("static_configs");
  if (mapping.Optional("path_prefix", &entry.path_prefix)) entry.path_prefix = AsPrefix(entry.path_prefix);
  const yaml::Node timeout = mapping.Get("timeout");
  if (timeout && timeout.Read(&entry.common.timeout) && entry.common.timeout < kMinTimeout) {
    timeout.Fail("timeout must be 1ms or more");
  }
  if (const yaml::Node rules = mapping.Get("alert_relabel_configs")) {
    relabel::Decode(rules, &entry.common.alert_relabel_configs);
  }
  http::Decode(mapping, &entry.common.client);
  CheckVersion(mapping);
  const yaml::Node scheme = mapping.Get("scheme");
  entry.https = mapping.OneOf("scheme", {"http", "https"}) == kHttps;

  bool discovered = false;
  for (const std::string_view key : kDiscovery) {
    if (const yaml::Node node = mapping.Get(key)) {
      node.Fail(
          fmt::format("{}: Alertmanagers are not discovered; name each by its url, in Kubernetes "
                      "http://POD.SERVICE.NAMESPACE:9093 for each pod of the StatefulSet",
                      key));
      discovered = true;
    }
  }
  if (url && targets) targets.Fail("an Alertmanager has a url, or static_configs, and not both");
  if (url && scheme) scheme.Fail("a url begins with its scheme; leave this one out");
  if (!url && !targets && !discovered) {
    mapping.Fail("an Alertmanager needs a url, as in url: http://alertmanager:9093");
  }
  std::string text;
  if (url && url.Read(&text)) {
    while (text.ends_with('/')) text.pop_back();
    Add(url, text + entry.path_prefix, entry, out);
  } else if (targets) {
    AddTargets(targets, entry, out);
  }
  mapping.Finish();
}

}  // namespace

void Decode(yaml::Mapping& alerting, Settings* out) {
  if (const yaml::Node rules = alerting.Get("alert_relabel_configs")) {
    relabel::Decode(rules, &out->alert_relabel_configs);
  }
  if (const yaml::Node list = alerting.Get("alertmanagers")) {
    for (const yaml::Node& entry : list.AsSequence()) {
      yaml::Mapping mapping = entry.AsMapping();
      DecodeEntry(mapping, out);
    }
  }
}

}  // namespace sidelight::alertmanager
