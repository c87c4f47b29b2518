// Grouping: which labels count when series are put together: by(...), without(...), on(...), ignoring(...).
// GroupIndex numbers the groups that it meets.
#pragma once

#include <tsl/robin_map.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/model/labels.h"

namespace sidelight::promql {

class Grouping {
 public:
  // keep: only the labels named count; else all but those and __name__.
  Grouping(std::vector<std::string> names, bool keep);

  uint64_t Hash(const Labels& labels) const;
  bool Same(const Labels& a, const Labels& b) const;
  // Those that count.
  Labels Of(const Labels& labels) const;

 private:
  bool Counts(std::string_view name) const;

  std::vector<std::string> names_;  // sorted
  bool keep_;
};

class GroupIndex {
 public:
  static constexpr size_t kNone = SIZE_MAX;

  explicit GroupIndex(const Grouping& grouping) : grouping_(grouping) {}

  // The number of the group of these labels, a new one if need be. The labels are kept (shared).
  size_t Add(const Labels& labels);
  // kNone when there is no such group.
  size_t Find(const Labels& labels) const;
  size_t size() const { return members_.size(); }
  // Labels that were the first of that group.
  const Labels& member(size_t group) const { return members_[group]; }

 private:
  struct Identity {
    size_t operator()(uint64_t hash) const { return hash; }
  };
  const Grouping& grouping_;
  // By hash; groups whose hashes collide form a chain.
  tsl::robin_map<uint64_t, size_t, Identity> first_;
  std::vector<Labels> members_;
  std::vector<size_t> next_;
};

// Without __name__, __type__ and __unit__.
Labels WithoutName(const Labels& labels);
// With the label set to the value, or without it when the value is empty.
Labels WithLabel(const Labels& labels, std::string_view name, std::string_view value);

}  // namespace sidelight::promql
