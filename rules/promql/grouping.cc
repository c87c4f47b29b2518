#include "rules/promql/grouping.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sidelight::promql {
namespace {

// What goes when the name goes.
constexpr std::array<std::string_view, 3> kNameLabels = {"__name__", "__type__", "__unit__"};

bool IsNameLabel(std::string_view name) {
  return name.starts_with("__") &&
         std::find(kNameLabels.begin(), kNameLabels.end(), name) != kNameLabels.end();
}

uint64_t Mix(uint64_t seed, std::string_view text) {
  return (seed ^ std::hash<std::string_view>()(text)) * 0x9e3779b97f4a7c15 + (seed >> 29);
}

}  // namespace

Grouping::Grouping(std::vector<std::string> names, bool keep) : names_(std::move(names)), keep_(keep) {
  std::sort(names_.begin(), names_.end());
  names_.erase(std::unique(names_.begin(), names_.end()), names_.end());
}

bool Grouping::Counts(std::string_view name) const {
  const bool named = std::binary_search(names_.begin(), names_.end(), name, std::less<>());
  return keep_ ? named : !named && name != "__name__";
}

uint64_t Grouping::Hash(const Labels& labels) const {
  uint64_t hash = 0;
  if (keep_) {
    for (const std::string& name : names_) hash = Mix(hash, labels.Get(name));
    return hash;
  }
  for (const Label label : labels) {
    if (Counts(label.name)) hash = Mix(Mix(hash, label.name), label.value);
  }
  return hash;
}

bool Grouping::Same(const Labels& a, const Labels& b) const {
  if (keep_) {
    return std::all_of(names_.begin(), names_.end(),
                       [&](const std::string& name) { return a.Get(name) == b.Get(name); });
  }
  size_t i = 0;
  size_t j = 0;
  for (;;) {
    while (i < a.size() && !Counts(a[i].name)) ++i;
    while (j < b.size() && !Counts(b[j].name)) ++j;
    if (i == a.size() || j == b.size()) return i == a.size() && j == b.size();
    if (a[i++] != b[j++]) return false;
  }
}

Labels Grouping::Of(const Labels& labels) const {
  std::vector<Label> kept;
  kept.reserve(labels.size());
  for (const Label label : labels) {
    if (Counts(label.name)) kept.push_back(label);
  }
  return Labels(kept);
}

size_t GroupIndex::Add(const Labels& labels) {
  const auto [found, added] = first_.try_emplace(grouping_.Hash(labels), members_.size());
  if (!added) {
    for (size_t group = found->second;; group = next_[group]) {
      if (grouping_.Same(members_[group], labels)) return group;
      if (next_[group] != kNone) continue;
      next_[group] = members_.size();
      break;
    }
  }
  members_.push_back(labels);
  next_.push_back(kNone);
  return members_.size() - 1;
}

size_t GroupIndex::Find(const Labels& labels) const {
  const auto found = first_.find(grouping_.Hash(labels));
  if (found == first_.end()) return kNone;
  for (size_t group = found->second; group != kNone; group = next_[group]) {
    if (grouping_.Same(members_[group], labels)) return group;
  }
  return kNone;
}

Labels WithoutName(const Labels& labels) {
  std::vector<Label> kept;
  kept.reserve(labels.size());
  for (const Label label : labels) {
    if (!IsNameLabel(label.name)) kept.push_back(label);
  }
  return kept.size() == labels.size() ? labels : Labels(kept);
}

Labels WithLabel(const Labels& labels, std::string_view name, std::string_view value) {
  std::vector<Label> changed;
  changed.reserve(labels.size() + 1);
  for (const Label label : labels) {
    if (label.name != name) changed.push_back(label);
  }
  if (!value.empty()) changed.push_back({name, value});
  return Labels(changed);
}

}  // namespace sidelight::promql
