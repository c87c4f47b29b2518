// Manifests: what a stream of Kubernetes objects (rules/evaluation/manifest_stream.h) holds for Sidelight:
// the files in its ConfigMaps, and the rules of the Prometheus Operator.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "rules/evaluation/manifest_stream.h"

namespace sidelight::cli {

struct EmbeddedFile {
  std::string path;  // "ConfigMap/checkout-sidelight/sidelight.yaml", for messages
  std::string text;
};

// A ConfigMap with a configuration in it: a value of the name sidelight.yaml, or one with a key `taps`.
struct EmbeddedConfig {
  EmbeddedFile file;
  std::vector<EmbeddedFile> others;  // what else is in it
};

// A PrometheusRule, the whole object.
struct EmbeddedRules {
  std::string path;  // "PrometheusRule/checkout"
  rules::ManifestObject object;
};

struct Manifests {
  std::vector<EmbeddedConfig> configs;
  std::vector<EmbeddedRules> rules;
  // What the containers of all pods get. A value that is only in the cluster (a Secret's, a pod's name) is
  // "1", which may stand for text and for a number.
  std::map<std::string, std::string> environment;
  std::vector<std::string> errors;  // of each document that is no YAML, all in one text
};

// `name` stands before the paths: "" or the file's name. Objects of other kinds are passed over.
Manifests ReadManifests(std::string_view text, const std::string& name);

}  // namespace sidelight::cli
