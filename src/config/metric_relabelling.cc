#include "src/config/metric_relabelling.h"

#include <string>
#include <string_view>
#include <vector>

#include "core/relabel/relabel.h"

namespace sidelight::config {
namespace {

using relabel::Action;

constexpr std::string_view kName = "__name__";

struct Complaint {
  const char* key;
  const char* message;
};

// Of a rule that is right in itself. What a label is called only when the rule runs is not seen here; then
// the name stays as it is all the same.
Complaint ComplaintOf(const relabel::Rule& rule) {
  static constexpr char kNameStays[] =
      "a metric's name stays what it is; \"naming\" of the tap decides on it";
  const bool maps = rule.action == Action::kLabelMap;
  const char* const key = maps ? "replacement" : "target_label";
  const std::string& written = maps ? rule.replacement : rule.target_label;
  const bool compares = rule.action == Action::kKeepEqual || rule.action == Action::kDropEqual;
  if (!compares && written == kName) return {key, kNameStays};
  if (!compares && written == "le") return {key, "the label le belongs to the buckets of histograms"};
  if (rule.action == Action::kLabelDrop && relabel::Apply({&rule, 1}, {{kName, "a"}})->empty()) {
    return {"regex", "it matches __name__, and a metric's name stays what it is"};
  }
  return {nullptr, nullptr};
}

}  // namespace

void DecodeMetricRelabelling(yaml::Mapping& root, Config* out) {
  const yaml::Node list = root.Get("metric_relabel_configs");
  if (!list) return;
  std::vector<relabel::Rule>& rules = out->metric_relabel_configs;
  relabel::Decode(list, &rules);
  const std::vector<yaml::Node> steps = list.AsSequence();
  // Of one that is wrong in itself that is said; then which rule is whose is not known.
  if (rules.size() != steps.size()) return;
  for (size_t i = 0; i < steps.size(); ++i) {
    const Complaint complaint = ComplaintOf(rules[i]);
    if (complaint.key != nullptr) steps[i].AsMapping().Get(complaint.key).Fail(complaint.message);
  }
}

}  // namespace sidelight::config
