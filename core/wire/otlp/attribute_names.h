// The attribute names of one family, each encoded once: neighbouring series have the same labels in the same
// order, so finding a name is a comparison.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/naming.h"
#include "core/wire/exposition/out_buffer.h"
#include "core/wire/exposition/utf8.h"

namespace sidelight::otlp {

class AttributeNames {
 public:
  struct Entry {
    std::string label;
    std::string encoded;  // the attribute's name, as the encoder wants it
    AttributeKind kind = AttributeKind::kString;
  };

  // Turns to another family; `conventional`: its labels are those of the semantic conventions.
  void Reset(bool conventional) {
    entries_.clear();
    next_ = 0;
    conventional_ = conventional;
  }
  void StartSeries() { next_ = 0; }

  // Of a series' next label. `encode(name)` is called for a name that comes for the first time. Valid until
  // the next call.
  template <class Encode>
  const Entry& Next(std::string_view label, const Encode& encode) {
    if (next_ < entries_.size() && wire::SameBytes(entries_[next_].label, label)) return entries_[next_++];
    for (size_t i = 0; i < entries_.size(); ++i) {
      if (entries_[i].label == label) {
        next_ = i + 1;
        return entries_[i];
      }
    }
    const OtelAttribute attribute = conventional_ ? AttributeOfLabel(label) : OtelAttribute{label};
    entries_.push_back({std::string(label), encode(wire::ToValidUtf8(attribute.name)), attribute.kind});
    next_ = entries_.size();
    return entries_.back();
  }

 private:
  std::vector<Entry> entries_;
  size_t next_ = 0;
  bool conventional_ = false;
};

}  // namespace sidelight::otlp
