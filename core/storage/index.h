// Index: which series have which label values. Immutable: the store builds a new one when enough series have
// come or gone, so readers need no lock.
//
// Series stand by their number in it. Of each label name it has the values, sorted, and of each value the
// series, ascending. A matcher becomes the set of series that it takes, one bit each; one that takes the
// empty value also takes the series that have no such label, so it is the rest of those that it refuses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/matcher.h"

namespace sidelight::storage {

class MemorySeries;

class Index {
 public:
  // The series outlive it.
  explicit Index(std::vector<const MemorySeries*> series);

  const std::vector<const MemorySeries*>& series() const { return series_; }
  size_t bytes() const;

  // A set of its series: one bit for each, those that are beyond the last one clear.
  using Bits = std::vector<uint64_t>;
  static constexpr size_t kBits = 64;  // in each of the words

  // The series that match all of them; removed ones among them.
  Bits Match(std::span<const Matcher> matchers) const;
  // Appends the same.
  void Find(std::span<const Matcher> matchers, std::vector<const MemorySeries*>* found) const;

  // Names, and values of a name, that at least one of these series has; sorted, in the bytes of the series.
  std::vector<std::string_view> NamesIn(const Bits& series) const;
  std::vector<std::string_view> ValuesIn(std::string_view name, const Bits& series) const;

 private:
  struct Value {
    std::string_view text;  // within the labels of a series
    uint32_t begin = 0;     // its postings
    uint32_t end = 0;
  };
  struct Name {
    std::string_view text;
    uint32_t begin = 0;  // its values
    uint32_t end = 0;
  };

  std::span<const Value> ValuesOf(std::string_view name) const;
  bool IsIn(const Value& value, const Bits& bits) const;
  void Mark(const Value& value, Bits* bits) const;
  void MarkAccepted(const Matcher& matcher, std::span<const Value> values, Bits* bits) const;
  void MarkRefused(const Matcher& matcher, std::span<const Value> values, Bits* bits) const;

  const std::vector<const MemorySeries*> series_;
  std::vector<Name> names_;
  std::vector<Value> values_;
  std::vector<uint32_t> postings_;
};

}  // namespace sidelight::storage
