// The labels of one family's series, one series after another, as an exposition shows them.
//
// Neighbouring series nearly always have the same label names, all classic: then this is a comparison per
// name. Only where escaping changes a name (or a value is not UTF-8) is each label set rebuilt: sorted anew,
// names that became equal joined with `;` in the order of their keys (OpenTelemetry's rule), and compared
// with all series before it, since series that differed may have become the same.
#pragma once

#include <tsl/robin_set.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/model/snapshot.h"
#include "core/wire/exposition/families.h"

namespace sidelight::wire {

// How many series a writer fetches labels (Labels::Prefetch) before it gets to them.
inline constexpr size_t kSeriesAhead = 8;

class SeriesLabels {
 public:
  // Holds on to `family`. A label called `le` in a histogram, or `quantile` in a summary, is exposed as
  // `exported_le`: the name belongs to the format.
  SeriesLabels(const ExposedFamily& family, EscapingScheme scheme);

  // Turns to the labels of `metric`, which follows the one before in the family. False: an earlier series has
  // the same ones after escaping, so this one cannot be shown.
  bool Next(const Metric& metric);

  // Of the series that Next() turned to; valid until it is called again.
  const std::vector<std::string>& names() const { return names_; }
  bool names_changed() const { return names_changed_; }  // differ from those of the series before
  std::string_view value(size_t i) const {
    return rebuilt_ ? std::string_view(pairs_[i].second) : (*labels_)[i].value;
  }
  // No less than the bytes of all values together.
  size_t values_room() const;
  // No value has a byte that needs an escape in a text format, nor one beyond ASCII.
  bool clean() const { return clean_; }

 private:
  using Pairs = std::vector<std::pair<std::string, std::string>>;

  bool SameNames(const Labels& labels) const;
  bool TakeNames(const Labels& labels);
  bool NextRebuilt(const Metric& metric);
  void RememberBefore(const Metric& metric);
  Pairs Rebuild(const Labels& labels) const;
  static std::string Key(const Pairs& pairs);

  const ExposedFamily& family_;
  const EscapingScheme scheme_;
  const std::string_view reserved_;

  const Labels* labels_ = nullptr;
  std::vector<std::string> raw_names_;
  std::vector<std::string> names_;
  bool names_changed_ = false;
  bool clean_ = true;
  bool started_ = false;

  bool rebuilt_ = false;  // once true it stays so until the family ends
  Pairs pairs_;
  tsl::robin_set<std::string> seen_;
};

inline size_t SeriesLabels::values_room() const {
  if (!rebuilt_) return labels_->bytes().size();
  size_t room = 0;
  for (const auto& [name, value] : pairs_) room += value.size();
  return room;
}

}  // namespace sidelight::wire
