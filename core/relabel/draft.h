// Draft: labels that are being changed, few of them, so a plain list. Nothing is copied before the first
// change: most rules only look. `labels` outlives the draft.
//
// Their order is that in which Prometheus walks over them, which shows where several give their values to
// the same name: first those that are as they were, by name, then those that were set, in that order.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/labels.h"

namespace sidelight::relabel {

class Draft {
 public:
  struct Entry {
    std::string name;
    std::string value;
  };

  explicit Draft(const Labels& labels) : labels_(labels) {}

  // "" where there is none. Good until the next change.
  std::string_view Get(std::string_view name) const;
  // An empty value removes. What would make the labels larger by more than kMaxGrowth bytes than they were
  // once is left out: rules that double a value would else need no more than forty lines for all memory.
  void Set(std::string name, std::string value);
  void Remove(std::string_view name);
  void RemoveIf(const std::function<bool(std::string_view name)>& predicate);
  std::vector<Entry> Entries() const;

  Labels Build() const;

 private:
  static constexpr size_t kMaxGrowth = 64 * 1024;

  void Copy();
  size_t Find(std::string_view name) const;
  void Erase(size_t i);

  const Labels& labels_;
  bool copied_ = false;
  std::vector<Entry> entries_;
  size_t unchanged_ = 0;  // of the entries, the first ones
  size_t bytes_ = 0;
  size_t max_bytes_ = 0;
};

}  // namespace sidelight::relabel
