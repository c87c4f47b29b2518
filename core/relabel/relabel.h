// Relabelling: Prometheus' relabel_configs, for every door in and out. Each rule reads some labels of a set
// and changes it, or drops it.
//
// Thread-safe as a value: rules are immutable once they are made.
//
// Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#relabel_config .
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/model/labels.h"
#include "core/yaml/yaml.h"

namespace sidelight::relabel {

enum class Action : uint8_t {
  kReplace,
  kKeep,
  kDrop,
  kKeepEqual,
  kDropEqual,
  kHashMod,
  kLabelMap,
  kLabelDrop,
  kLabelKeep,
  kLowercase,
  kUppercase,
};

struct CompiledRule;  // core/relabel/compiled.h

struct Rule {
  Action action = Action::kReplace;
  std::vector<std::string> source_labels;
  std::string separator = ";";
  std::string target_label;
  uint64_t modulus = 0;
  std::string replacement = "$1";
  std::string regex = "(.*)";  // RE2's, anchored at both ends

  // Checks that the parts fit each other, as Prometheus does, and compiles the expression. Of a rule that is
  // changed afterwards the expression stays the compiled one.
  Status Compile();

  std::shared_ptr<const CompiledRule> compiled = {};  // what Compile() made

  // Of all but what was made of them.
  friend bool operator==(const Rule& a, const Rule& b);
};

// The labels after all rules in turn; nothing when one of them drops the set. Every rule was compiled. Rules
// that only keep or drop copy nothing. A label is left as it was where setting it would make the whole larger
// by more than 64 KiB than it was before.
std::optional<Labels> Apply(std::span<const Rule> rules, const Labels& labels);

// Reads a sequence of relabel_configs. What is wrong is recorded at its node.
void Decode(const yaml::Node& node, std::vector<Rule>* out);

}  // namespace sidelight::relabel
