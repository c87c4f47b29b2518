// ExemplarRing: the newest exemplars of all series together; a new one takes the place of the oldest.
// Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "core/model/exemplar.h"
#include "core/model/labels.h"

namespace sidelight::storage {

class ExemplarRing {
 public:
  struct Entry {
    Labels labels;
    Exemplar exemplar;
  };

  explicit ExemplarRing(size_t capacity) : capacity_(capacity) {}

  // `last` is the place of the newest one of the series, and becomes that of this one. An exemplar that the
  // series has already, or an older one, changes nothing: a snapshot shows an exemplar until the next comes.
  // False then.
  bool Add(const Labels& labels, const Exemplar& exemplar, uint32_t* last);
  // Of [from, to], in the order in which they came.
  std::vector<Entry> Read(UnixMillis from, UnixMillis to) const;
  size_t size() const;

 private:
  const size_t capacity_;
  mutable std::mutex mutex_;
  std::vector<Entry> entries_;
  size_t next_ = 0;  // once it is full: the oldest
};

}  // namespace sidelight::storage
