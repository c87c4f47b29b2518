#include "core/relabel/metric_relabelling.h"

namespace sidelight::relabel {
namespace {

constexpr std::string_view kName = "__name__";

struct Objection {
  const char* key;
  const char* message;
};

// Of a rule that is right in itself. What a label is called only when the rule runs is not seen here; then
// the name stays as it is all the same.
Objection ObjectionTo(const Rule& rule) {
  static constexpr char kNameStays[] =
      "a metric's name stays what it is; \"naming\" of the tap decides on it";
  const bool maps = rule.action == Action::kLabelMap;
  const char* const key = maps ? "replacement" : "target_label";
  const std::string& written = maps ? rule.replacement : rule.target_label;
  const bool compares = rule.action == Action::kKeepEqual || rule.action == Action::kDropEqual;
  if (!compares && written == kName) return {key, kNameStays};
  if (!compares && written == "le") return {key, "the label le belongs to the buckets of histograms"};
  if (rule.action == Action::kLabelDrop && Apply({&rule, 1}, {{kName, "a"}})->empty()) {
    return {"regex", "it matches __name__, and a metric's name stays what it is"};
  }
  return {nullptr, nullptr};
}

}  // namespace

std::optional<Labels> ApplyToSeries(std::span<const Rule> rules, std::string_view name,
                                    const Labels& labels) {
  std::vector<Label> named = {{kName, name}};
  for (const Label label : labels) named.push_back(label);
  const std::optional<Labels> changed = Apply(rules, Labels(named));
  if (!changed) return std::nullopt;
  std::vector<Label> admitted;
  for (const Label label : *changed) {
    if (label.name != kName) admitted.push_back(label);
  }
  return Labels(admitted);
}

void DecodeMetricRelabelling(const yaml::Node& list, std::vector<Rule>* out) {
  Decode(list, out);
  const std::vector<yaml::Node> steps = list.AsSequence();
  // Of one that is wrong in itself that is said; then which rule is whose is not known.
  if (out->size() != steps.size()) return;
  for (size_t i = 0; i < steps.size(); ++i) {
    const Objection objection = ObjectionTo((*out)[i]);
    if (objection.key != nullptr) steps[i].AsMapping().Get(objection.key).Fail(objection.message);
  }
}

}  // namespace sidelight::relabel
