#include "rules/promql/annotations.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/base/float_text.h"
#include "rules/promql/printer.h"

namespace sidelight::promql {
namespace {

constexpr std::string_view kForcedMonotonic =
    "input to histogram_quantile needed to be fixed for monotonicity (see "
    "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)";

// "2026-11-20T21:40:00Z": without the fraction when it is zero, as Go's RFC 3339 without it.
std::string Rfc3339Seconds(UnixMillis time) {
  const std::string text = FormatRfc3339(time);
  return text.substr(0, text.find('.')) + "Z";
}

}  // namespace

void Annotations::Warn(Position position, std::string text) {
  if (warnings_.size() >= kMost && !warnings_.contains(text)) return;
  warnings_[std::move(text)].position = position;
}

void Annotations::Info(Position position, std::string text) {
  if (infos_.size() >= kMost && !infos_.contains(text)) return;
  infos_[std::move(text)].position = position;
}

void Annotations::WarnStartTimeOverlap(Position position, std::string_view metric) {
  Detail& detail =
      warnings_["sample has start time that overlaps with previous sample timestamp for metric " +
                Quote(metric)];
  detail.position = position;
  ++detail.occurrences;
}

void Annotations::InfoForcedMonotonic(Position position, std::string_view metric, UnixMillis time,
                                      double lowest_bucket, double highest_bucket, double max_difference) {
  std::string text(kForcedMonotonic);
  if (!metric.empty()) text += " for metric name " + Quote(metric);
  Detail& detail = infos_[text];
  if (!detail.forced_monotonic) {
    detail = {.position = position,
              .occurrences = 1,
              .forced_monotonic = true,
              .lowest = lowest_bucket,
              .highest = highest_bucket,
              .max_difference = max_difference,
              .first = time,
              .last = time};
    return;
  }
  detail.position = position;
  ++detail.occurrences;
  detail.lowest = std::min(detail.lowest, lowest_bucket);
  detail.highest = std::max(detail.highest, highest_bucket);
  detail.max_difference = std::max(detail.max_difference, max_difference);
  detail.first = std::min(detail.first, time);
  detail.last = std::max(detail.last, time);
}

void Annotations::Merge(const Annotations& other) {
  for (const auto& [text, detail] : other.warnings_) {
    Detail& mine = warnings_[text];
    mine.position = detail.position;
    mine.occurrences += detail.occurrences;
  }
  for (const auto& [text, detail] : other.infos_) {
    const auto [mine, added] = infos_.emplace(text, detail);
    if (added) continue;
    mine->second.position = detail.position;
    mine->second.occurrences += detail.occurrences;
    mine->second.lowest = std::min(mine->second.lowest, detail.lowest);
    mine->second.highest = std::max(mine->second.highest, detail.highest);
    mine->second.max_difference = std::max(mine->second.max_difference, detail.max_difference);
    mine->second.first = std::min(mine->second.first, detail.first);
    mine->second.last = std::max(mine->second.last, detail.last);
  }
}

std::vector<std::string> Annotations::Warnings(std::string_view query, size_t limit) const {
  return Texts(warnings_, "PromQL warning: ", query, limit);
}

std::vector<std::string> Annotations::Infos(std::string_view query, size_t limit) const {
  return Texts(infos_, "PromQL info: ", query, limit);
}

std::vector<std::string> Annotations::Texts(const Set& set, std::string_view prefix, std::string_view query,
                                            size_t limit) {
  std::vector<std::string> out;
  for (const auto& [text, detail] : set) {
    if (limit != 0 && out.size() == limit) {
      const std::string_view kind = prefix.find("warning") != std::string_view::npos ? "warning" : "info";
      out.push_back(fmt::format("{} more {} annotations omitted", set.size() - limit, kind));
      break;
    }
    std::string whole = fmt::format("{}{}", prefix, text);
    if (detail.forced_monotonic) {
      whole +=
          fmt::format(", from buckets {} to {}, with a max diff of {:.2g}, over {} samples from {} to {}",
                      FloatText(detail.lowest), FloatText(detail.highest), detail.max_difference,
                      detail.occurrences, Rfc3339Seconds(detail.first), Rfc3339Seconds(detail.last));
    } else if (detail.occurrences > 1) {
      whole += fmt::format(" ({} occurrences)", detail.occurrences);
    }
    out.push_back(fmt::format("{} ({})", whole, LineAndColumn(query, detail.position.start)));
  }
  return out;
}

std::string LineAndColumn(std::string_view text, uint32_t offset) {
  const std::string_view before = text.substr(0, std::min<size_t>(offset, text.size()));
  const size_t line_start = before.rfind('\n');
  const size_t column = line_start == std::string_view::npos ? before.size() : before.size() - line_start - 1;
  return fmt::format("{}:{}", 1 + std::count(before.begin(), before.end(), '\n'), 1 + column);
}

}  // namespace sidelight::promql
