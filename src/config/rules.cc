#include "src/config/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "core/yaml/spelling.h"
#include "rules/packs/packs.h"
#include "src/config/external_url.h"
#include "src/config/identity.h"
#include "src/config/rule_files.h"

namespace sidelight::config {
namespace {

constexpr Duration kShortest = std::chrono::milliseconds(100);

using LabelList = std::vector<std::pair<std::string, std::string>>;

void ReadDuration(const yaml::Node& node, Duration* out) {
  if (node && node.Read(out) && *out < kShortest) node.Fail("it must be at least 100ms");
}

LabelList ReadLabels(const yaml::Node& node) {
  LabelList labels;
  if (!node) return labels;
  yaml::Mapping mapping = node.AsMapping();
  for (const yaml::Mapping::Entry& entry : mapping.Entries()) {
    if (entry.key.empty()) {
      entry.key_node.Fail("a label's name is empty");
      continue;
    }
    std::string value;
    if (entry.value && entry.value.Read(&value)) labels.emplace_back(entry.key, std::move(value));
  }
  mapping.Finish();
  return labels;
}

void DecodeExternalUrl(const yaml::Node& node, std::string* out) {
  std::string text;
  if (!node || !node.Read(&text)) return;
  Result<std::string> url = ParseExternalUrl(text);
  if (url) {
    *out = *std::move(url);
  } else {
    node.Fail(std::move(url.error().message));
  }
}

void DecodeRuleFiles(const yaml::Node& list, const std::string& folder, std::vector<std::string>* out) {
  if (!list) return;
  for (const yaml::Node& node : list.AsSequence()) {
    std::string pattern;
    if (!node.Read(&pattern)) continue;
    if (pattern.empty()) {
      node.Fail("the pattern is empty; name a file, or several as in rules/*.yaml");
    } else {
      out->push_back(ResolvePattern(pattern, folder));
    }
  }
}

void DecodePacks(const yaml::Node& list, std::vector<std::string>* out) {
  if (!list) return;
  for (const yaml::Node& node : list.AsSequence()) {
    std::string name;
    if (!node.Read(&name)) continue;
    if (rules::FindPack(name) == nullptr) {
      std::vector<std::string_view> names;
      for (const rules::Pack& pack : rules::Packs()) names.push_back(pack.name);
      node.Fail(fmt::format("\"{}\" is no pack; {}", name, yaml::Suggestion(name, names, "packs")));
    } else if (std::find(out->begin(), out->end(), name) != out->end()) {
      node.Fail(fmt::format("\"{}\" stands in the list already; remove one of them", name));
    } else {
      out->push_back(std::move(name));
    }
  }
}

void DecodeAlerting(yaml::Mapping alerting, const std::string& folder, Alerting* out) {
  alertmanager::Decode(alerting, &out->settings);
  for (alertmanager::Destination& destination : out->settings.alertmanagers) {
    destination.client.SetDirectory(folder);
  }
  ReadDuration(alerting.Get("resend_delay"), &out->resend_delay);
  alerting.Finish();
}

}  // namespace

void DecodeRules(yaml::Mapping& root, const std::string& folder, const Environment& environment,
                 Config* out) {
  const LabelList given = ReadLabels(root.Get("external_labels"));
  out->external_labels = ExternalLabels(out->service, environment, given);
  out->service_is_label =
      std::none_of(given.begin(), given.end(), [](const auto& label) { return label.first == "service"; });
  DecodeExternalUrl(root.Get("external_url"), &out->external_url);
  ReadDuration(root.Get("evaluation_interval"), &out->evaluation_interval);
  DecodeRuleFiles(root.Get("rule_files"), folder, &out->rule_files);
  DecodePacks(root.Get("packs"), &out->packs);
  if (const yaml::Node alerting = root.Get("alerting")) {
    DecodeAlerting(alerting.AsMapping(), folder, &out->alerting);
  }
  out->alerting.settings.external_labels = out->external_labels;
}

Labels ExternalLabels(const std::string& service, const Environment& environment, const LabelList& given) {
  std::map<std::string, std::string> labels = DefaultExternalLabels(service, environment);
  for (const auto& [name, value] : given) labels[name] = value;
  std::vector<Label> list;
  for (const auto& [name, value] : labels) {
    if (!value.empty()) list.push_back({name, value});
  }
  return Labels(list);
}

}  // namespace sidelight::config
