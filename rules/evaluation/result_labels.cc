#include "rules/evaluation/result_labels.h"

#include <unordered_set>

namespace sidelight::rules {

Labels Override(const Labels& labels, std::span<const Label> added) {
  // Of a name that comes twice Labels takes the last, and leaves out what has no value.
  std::vector<Label> all;
  all.reserve(labels.size() + added.size());
  for (const Label label : labels) all.push_back(label);
  all.insert(all.end(), added.begin(), added.end());
  return Labels(all);
}

bool HasTwins(const std::vector<promql::Sample>& samples) {
  if (samples.size() < 2) return false;
  std::unordered_set<Labels, LabelsHash> seen;
  for (const promql::Sample& sample : samples) {
    if (!seen.insert(sample.labels).second) return true;
  }
  return false;
}

}  // namespace sidelight::rules
