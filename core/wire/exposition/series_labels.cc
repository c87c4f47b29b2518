#include "core/wire/exposition/series_labels.h"

#include <algorithm>
#include <cstdint>

#include "core/base/utf8.h"
#include "core/wire/exposition/out_buffer.h"
#include "core/wire/exposition/utf8.h"

namespace sidelight::wire {
namespace {

constexpr std::string_view kMetricName = "__name__";
constexpr std::string_view kExported = "exported_";

std::string_view Reserved(MetricType type) {
  if (type == MetricType::kHistogram) return "le";
  if (type == MetricType::kSummary) return "quantile";
  return {};
}

}  // namespace

SeriesLabels::SeriesLabels(const ExposedFamily& family, EscapingScheme scheme)
    : family_(family),
      scheme_(scheme),
      reserved_(Reserved(family.type)),
      rebuilt_(family.members.size() > 1) {}

bool SeriesLabels::Next(const Metric& metric) {
  labels_ = &metric.labels;
  if (rebuilt_) return NextRebuilt(metric);
  clean_ = metric.labels.plain();
  names_changed_ = !SameNames(metric.labels);
  const bool as_is =
      (!names_changed_ || TakeNames(metric.labels)) && (clean_ || IsValidUtf8(metric.labels.bytes()));
  if (as_is) return true;
  RememberBefore(metric);
  rebuilt_ = true;
  return NextRebuilt(metric);
}

bool SeriesLabels::SameNames(const Labels& labels) const {
  if (!started_ || labels.size() != raw_names_.size()) return false;
  for (size_t i = 0; i < raw_names_.size(); ++i) {
    if (!SameBytes(labels[i].name, raw_names_[i])) return false;
  }
  return true;
}

// False when the names cannot be exposed as they are.
bool SeriesLabels::TakeNames(const Labels& labels) {
  started_ = true;
  raw_names_.clear();
  for (const Label label : labels) {
    if (label.name == reserved_ || label.name == kMetricName) return false;
    if (EscapeName(label.name, scheme_, NameKind::kLabel) != label.name) return false;
    raw_names_.emplace_back(label.name);
  }
  names_ = raw_names_;
  return true;
}

void SeriesLabels::RememberBefore(const Metric& metric) {
  for (const Metric& before : family_.members.front()->metrics) {
    if (&before == &metric) return;
    if (IsShown(before, family_.type)) seen_.insert(Key(Rebuild(before.labels)));
  }
}

bool SeriesLabels::NextRebuilt(const Metric& metric) {
  pairs_ = Rebuild(metric.labels);
  if (!seen_.insert(Key(pairs_)).second) return false;
  names_.clear();
  for (const auto& [name, value] : pairs_) names_.push_back(name);
  names_changed_ = true;
  clean_ = false;
  return true;
}

SeriesLabels::Pairs SeriesLabels::Rebuild(const Labels& labels) const {
  Pairs pairs;
  for (const Label label : labels) {
    if (label.name == kMetricName) continue;
    std::string name = EscapeName(label.name, scheme_, NameKind::kLabel);
    if (!reserved_.empty() && name == reserved_) name.insert(0, kExported);
    pairs.emplace_back(std::move(name), ToValidUtf8(label.value));
  }
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  Pairs joined;
  for (auto& pair : pairs) {
    if (!joined.empty() && joined.back().first == pair.first) {
      joined.back().second += ';' + pair.second;
    } else {
      joined.push_back(std::move(pair));
    }
  }
  return joined;
}

std::string SeriesLabels::Key(const Pairs& pairs) {
  // Names and values are UTF-8 by now, in which this byte does not occur.
  constexpr char kSeparator = '\xff';
  std::string key;
  for (const auto& [name, value] : pairs) {
    key += name;
    key += kSeparator;
    key += value;
    key += kSeparator;
  }
  return key;
}

}  // namespace sidelight::wire
