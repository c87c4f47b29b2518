// Symbols: the table of texts that a 2.0 request refers to by number, each text once, the empty one first.
#pragma once

#include <tsl/robin_map.h>

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/utf8.h"
#include "core/model/labels.h"
#include "core/wire/exposition/out_buffer.h"
#include "core/wire/exposition/utf8.h"

namespace sidelight::remote_write {

// The texts are not copied: what they come from outlives this. Not thread-safe.
class Symbols {
 public:
  Symbols() : texts_{std::string_view()} {}

  uint32_t Of(std::string_view text) {
    if (text.empty()) return 0;
    const auto [found, added] = numbers_.try_emplace(text, static_cast<uint32_t>(texts_.size()));
    if (!added) return found->second;
    if (IsValidUtf8(text)) {
      texts_.push_back(text);
      return found->second;
    }
    // Two broken texts may become one when repaired, which then has the number of the first.
    const std::string_view repaired = repaired_.emplace_back(wire::ToValidUtf8(text));
    const auto [same, is_new] = numbers_.try_emplace(repaired, static_cast<uint32_t>(texts_.size()));
    const uint32_t number = same->second;
    if (is_new) texts_.push_back(repaired);
    numbers_[text] = number;
    return number;
  }

  // The numbers of a label set, name and value in turns, until the next call. Most texts of a series stand at
  // the same place in the series before: a comparison finds those.
  const std::vector<uint32_t>& Of(const Labels& labels) {
    refs_.resize(2 * labels.size());
    for (size_t i = 0; i < labels.size(); ++i) {
      const Label label = labels[i];
      const bool known = i < before_.size();
      refs_[2 * i] = known && wire::SameBytes(before_[i].name, label.name) ? refs_[2 * i] : Of(label.name);
      refs_[2 * i + 1] =
          known && wire::SameBytes(before_[i].value, label.value) ? refs_[2 * i + 1] : Of(label.value);
    }
    before_ = labels;
    return refs_;
  }

  const std::vector<std::string_view>& texts() const { return texts_; }

 private:
  tsl::robin_map<std::string_view, uint32_t> numbers_;
  std::vector<std::string_view> texts_;
  std::deque<std::string> repaired_;
  Labels before_;
  std::vector<uint32_t> refs_;
};

}  // namespace sidelight::remote_write
