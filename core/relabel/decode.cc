#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/base/letter_case.h"
#include "core/relabel/compiled.h"

namespace sidelight::relabel {
namespace {

// In any case, as Prometheus reads it.
bool ReadAction(const yaml::Node& node, Action* out) {
  std::string word;
  if (!node.Read(&word)) return false;
  const std::span<const std::string_view> names = ActionNames();
  const auto found = std::find(names.begin(), names.end(), ToLower(word));
  if (found == names.end()) {
    node.Fail(fmt::format("this is no action of relabelling; valid actions: {}", fmt::join(names, ", ")));
    return false;
  }
  *out = static_cast<Action>(found - names.begin());
  return true;
}

bool ReadLabelNames(const yaml::Node& node, std::vector<std::string>* out) {
  if (!node.Read(out)) return false;
  const std::vector<yaml::Node> items = node.AsSequence();
  bool good = true;
  for (size_t i = 0; i < items.size(); ++i) {
    if (IsLabelName((*out)[i])) continue;
    items[i].Fail("a label's name is UTF-8 text and not empty");
    good = false;
  }
  return good;
}

std::optional<Rule> DecodeOne(const yaml::Node& node) {
  yaml::Mapping mapping = node.AsMapping();
  if (!node.IsMapping()) return std::nullopt;
  Rule rule;
  bool good = true;
  const auto read = [&](std::string_view key, auto* out) {
    if (const yaml::Node value = mapping.Get(key)) good = value.Read(out) && good;
  };
  if (const yaml::Node value = mapping.Get("source_labels")) {
    good = ReadLabelNames(value, &rule.source_labels) && good;
  }
  read("separator", &rule.separator);
  read("target_label", &rule.target_label);
  read("regex", &rule.regex);
  read("modulus", &rule.modulus);
  read("replacement", &rule.replacement);
  if (const yaml::Node value = mapping.Get("action")) good = ReadAction(value, &rule.action) && good;
  mapping.Finish();
  if (!good) return std::nullopt;

  const auto fail_at = [&](std::string_view key, std::string message) {
    const yaml::Node value = mapping.Get(key);
    if (value) {
      value.Fail(std::move(message));
    } else {
      mapping.Fail(std::move(message));
    }
  };
  const std::vector<Complaint> complaints = Check(rule);
  for (const Complaint& complaint : complaints) fail_at(complaint.key, complaint.message);
  if (!complaints.empty()) return std::nullopt;
  if (const Status compiled = rule.Compile(); !compiled) {
    fail_at("regex", compiled.error().message);
    return std::nullopt;
  }
  return rule;
}

}  // namespace

void Decode(const yaml::Node& node, std::vector<Rule>* out) {
  std::vector<Rule> rules;
  for (const yaml::Node& item : node.AsSequence()) {
    if (std::optional<Rule> rule = DecodeOne(item)) rules.push_back(*std::move(rule));
  }
  *out = std::move(rules);
}

}  // namespace sidelight::relabel
