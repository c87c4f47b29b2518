// One copy of every label set that is in use: series that carry equal labels share their bytes, and comparing
// them is comparing an address.
//
// Not thread-safe: its owner (a registry, a storage head) guards it.
#pragma once

#include <tsl/robin_set.h>

#include "core/model/labels.h"

namespace sidelight {

class LabelInterner {
 public:
  Labels Intern(Labels labels) { return *set_.insert(std::move(labels)).first; }

  // Forgets the sets that nobody outside holds any more. Linear in size(): for a slow tick, not for a lookup.
  void Purge() {
    for (auto it = set_.begin(); it != set_.end();) {
      if (it->use_count() == 1) {
        it = set_.erase(it);
      } else {
        ++it;
      }
    }
  }

  size_t size() const { return set_.size(); }

 private:
  tsl::robin_set<Labels, LabelsHash> set_;
};

}  // namespace sidelight
