#include "src/cli/manifests.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "core/yaml/yaml.h"

namespace sidelight::cli {
namespace {

constexpr std::string_view kOnlyInTheCluster = "1";

// Whether there may be something for us in it. What is somebody else's may be larger than our reader takes: a
// dashboard is one value of some hundred KiB.
bool MayConcernUs(std::string_view document) {
  for (const std::string_view word :
       {"sidelight.yaml", "taps:", "PrometheusRule", "ontainers:", "ontainers\""}) {
    if (document.find(word) != std::string_view::npos) return true;
  }
  return false;
}

// The text at that key, or nothing.
std::string TextAt(yaml::Mapping& mapping, std::string_view key) {
  std::string text;
  const yaml::Node node = mapping.Get(key);
  if (node && node.IsScalar()) node.Read(&text);
  return text;
}

// The mapping below these keys; false where one of them is not there.
yaml::Node Below(yaml::Node node, std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    if (!node || !node.IsMapping()) return {};
    node = node.AsMapping().Get(key);
  }
  return node;
}

bool IsConfig(const EmbeddedFile& file) {
  if (file.path.ends_with("/sidelight.yaml")) return true;
  if (!file.path.ends_with(".yaml") && !file.path.ends_with(".yml")) return false;
  const yaml::Document document =
      yaml::Document::Parse(file.text, file.path, {.expand_environment = false, .as_go = true});
  return static_cast<bool>(Below(document.Root(), {"taps"}));
}

void AddConfigMap(const yaml::Node& data, const std::string& path, Manifests* out) {
  if (!data || !data.IsMapping()) return;
  std::vector<EmbeddedFile> files;
  for (const yaml::Mapping::Entry& entry : data.AsMapping().Entries()) {
    std::string text;
    if (!entry.value.IsScalar() || !entry.value.Read(&text)) continue;
    files.push_back({fmt::format("{}/{}", path, entry.key), std::move(text)});
  }
  const auto config = std::find_if(files.begin(), files.end(), IsConfig);
  if (config == files.end()) return;
  EmbeddedConfig found{.file = std::move(*config), .others = {}};
  files.erase(config);
  found.others = std::move(files);
  out->configs.push_back(std::move(found));
}

void AddEnvironment(const yaml::Node& containers, std::map<std::string, std::string>* out) {
  if (!containers || !containers.IsSequence()) return;
  for (const yaml::Node& container : containers.AsSequence()) {
    const yaml::Node variables = Below(container, {"env"});
    if (!variables || !variables.IsSequence()) continue;
    for (const yaml::Node& variable : variables.AsSequence()) {
      if (!variable.IsMapping()) continue;
      yaml::Mapping mapping = variable.AsMapping();
      const std::string name = TextAt(mapping, "name");
      const std::string value =
          mapping.Get("valueFrom") ? std::string(kOnlyInTheCluster) : TextAt(mapping, "value");
      if (!name.empty()) (*out)[name] = value;
    }
  }
}

void AddObject(const yaml::Node& root, const std::string& name, const rules::ManifestObject& object,
               Manifests* out) {
  if (!root.IsMapping()) return;
  yaml::Mapping keys = root.AsMapping();
  const std::string kind = TextAt(keys, "kind");
  std::string object_name;
  if (const yaml::Node metadata = keys.Get("metadata"); metadata && metadata.IsMapping()) {
    yaml::Mapping mapping = metadata.AsMapping();
    object_name = TextAt(mapping, "name");
  }
  const std::string path = fmt::format("{}{}{}/{}", name, name.empty() ? "" : ": ", kind, object_name);
  if (kind == "ConfigMap") AddConfigMap(keys.Get("data"), path, out);
  if (kind == "PrometheusRule") out->rules.push_back({path, object});
  const yaml::Node pod = kind == "Pod" ? Below(root, {"spec"}) : Below(root, {"spec", "template", "spec"});
  for (const std::string_view key : {"initContainers", "containers"}) {
    AddEnvironment(Below(pod, {key}), &out->environment);
  }
}

}  // namespace

Manifests ReadManifests(std::string_view text, const std::string& name) {
  Manifests manifests;
  for (const rules::ManifestObject& object : rules::SplitManifests(text)) {
    if (!MayConcernUs(object.text)) continue;
    const yaml::Document document = yaml::Document::Parse(object.text, name.empty() ? "standard input" : name,
                                                          {.expand_environment = false,
                                                           .as_go = true,
                                                           .first_line = object.first_line,
                                                           .first_column = object.first_column});
    if (const Status status = document.status(); !status) {
      manifests.errors.push_back(status.error().message);
      continue;
    }
    AddObject(document.Root(), name, object, &manifests);
  }
  return manifests;
}

}  // namespace sidelight::cli
