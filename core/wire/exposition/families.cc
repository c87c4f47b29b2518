#include "core/wire/exposition/families.h"

#include <tsl/robin_map.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace sidelight::wire {
namespace {

constexpr std::string_view kTotal = "_total";

// What a family's samples may be called, as suffixes of its name. The name itself is taken too, by every
// type.
std::span<const std::string_view> SampleSuffixes(MetricType type, bool openmetrics) {
  static constexpr std::array<std::string_view, 2> kCounter = {"_total", "_created"};
  static constexpr std::array<std::string_view, 4> kHistogram = {"_bucket", "_sum", "_count", "_created"};
  static constexpr std::array<std::string_view, 3> kSummary = {"_sum", "_count", "_created"};
  std::span<const std::string_view> suffixes;
  if (type == MetricType::kCounter && openmetrics) suffixes = kCounter;
  if (type == MetricType::kHistogram) suffixes = kHistogram;
  if (type == MetricType::kSummary) suffixes = kSummary;
  if (!openmetrics && !suffixes.empty()) suffixes = suffixes.first(suffixes.size() - 1);
  return suffixes;
}

bool HasShownSeries(const MetricFamily& family) {
  return std::any_of(family.metrics.begin(), family.metrics.end(),
                     [&](const Metric& metric) { return IsShown(metric, family.type); });
}

bool IsWanted(const MetricFamily& family, const ExposedFamily& exposed, const ExpositionOptions& options) {
  if (options.names.empty()) return true;
  const auto suffixes = SampleSuffixes(exposed.type, IsOpenMetrics(options.format));
  return std::any_of(options.names.begin(), options.names.end(), [&](const std::string& wanted) {
    if (wanted == family.name || wanted == exposed.name) return true;
    return std::any_of(suffixes.begin(), suffixes.end(), [&](std::string_view suffix) {
      return wanted.ends_with(suffix) &&
             std::string_view(wanted).substr(0, wanted.size() - suffix.size()) == exposed.name;
    });
  });
}

}  // namespace

ExposedFamilies ExposeFamilies(const Snapshot& snapshot, const ExpositionOptions& options) {
  const bool openmetrics = IsOpenMetrics(options.format);
  ExposedFamilies out;
  tsl::robin_map<std::string, size_t> owners;  // of names of families and samples: an index into out.families
  for (const MetricFamily& family : snapshot.families) {
    if (!HasShownSeries(family)) continue;
    ExposedFamily exposed{
        EscapeName(family.name, options.escaping, NameKind::kMetric), family.type, {&family}};
    if (openmetrics && family.type == MetricType::kCounter) {
      if (exposed.name.size() > kTotal.size() && exposed.name.ends_with(kTotal)) {
        exposed.name.resize(exposed.name.size() - kTotal.size());
      } else {
        exposed.type = MetricType::kUnknown;
      }
    }
    if (!IsWanted(family, exposed, options)) continue;

    std::vector<std::string> taken = {exposed.name};
    for (const std::string_view suffix : SampleSuffixes(exposed.type, openmetrics)) {
      taken.push_back(exposed.name + std::string(suffix));
    }
    const auto same = owners.find(exposed.name);
    if (same != owners.end() && out.families[same->second].name == exposed.name &&
        out.families[same->second].type == exposed.type) {
      out.families[same->second].members.push_back(&family);
      continue;
    }
    const bool clash = std::any_of(taken.begin(), taken.end(),
                                   [&](const std::string& name) { return owners.contains(name); });
    if (clash || exposed.name.empty()) {
      ++out.dropped;
      continue;
    }
    for (std::string& name : taken) owners.emplace(std::move(name), out.families.size());
    out.families.push_back(std::move(exposed));
  }
  return out;
}

}  // namespace sidelight::wire
