#include "exporters/prometheus/federate.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>
#include <tuple>
#include <unordered_set>
#include <utility>

#include "core/model/stale.h"
#include "core/wire/exposition/escaping.h"
#include "core/wire/exposition/number.h"
#include "core/wire/exposition/utf8.h"

namespace sidelight::prometheus {
namespace {

using wire::EscapingScheme;
using wire::NameKind;

constexpr std::string_view kName = "__name__";
constexpr UnixMillis kLookback = 5 * 60'000;

struct Newest {
  std::string name;  // as it is written
  Labels labels;     // with the external ones
  UnixMillis time = 0;
  double value = 0;
};

std::optional<Newest> NewestOf(const storage::Series& series, UnixMillis now, storage::Samples* samples) {
  samples->Clear();
  // The sample at the lookback's far end is too old, as in a query.
  series.ReadNewest(now - kLookback + 1, now, samples);
  if (samples->times.empty()) return std::nullopt;
  const UnixMillis time = samples->times.back();
  if (!samples->histogram_times.empty() && samples->histogram_times.back() > time) return std::nullopt;
  if (IsStale(samples->values.back())) return std::nullopt;
  return Newest{
      .name = wire::EscapeName(series.labels().Get(kName), EscapingScheme::kUnderscores, NameKind::kMetric),
      .labels = series.labels(),
      .time = time,
      .value = samples->values.back()};
}

Labels WithExternal(const Labels& labels, const Labels& external) {
  std::vector<Label> all;
  for (const Label label : external) {
    if (labels.Get(label.name).empty()) all.push_back(label);
  }
  if (all.empty()) return labels;
  for (const Label label : labels) all.push_back(label);
  return Labels(all);
}

void AppendValue(std::string_view value, std::string* out) {
  for (const char c : value) {
    if (c == '\\' || c == '"') {
      *out += '\\';
      *out += c;
    } else if (c == '\n') {
      *out += "\\n";
    } else {
      *out += c;
    }
  }
}

// Names that become equal by escaping would make the scraper refuse the whole: the first keeps its value.
std::vector<std::pair<std::string, std::string_view>> EscapedLabels(const Labels& labels) {
  std::vector<std::pair<std::string, std::string_view>> escaped;
  for (const Label label : labels) {
    if (label.name == kName) continue;
    std::string name = wire::EscapeName(label.name, EscapingScheme::kUnderscores, NameKind::kLabel);
    const bool taken =
        name != label.name &&
        (!labels.Get(name).empty() ||
         std::any_of(escaped.begin(), escaped.end(), [&](const auto& other) { return other.first == name; }));
    if (!taken) escaped.emplace_back(std::move(name), label.value);
  }
  return escaped;
}

void AppendSample(const Newest& sample, std::string* out) {
  *out += sample.name;
  char between = '{';
  for (const auto& [name, value] : EscapedLabels(sample.labels)) {
    *out += std::exchange(between, ',');
    *out += name;
    *out += "=\"";
    if (sample.labels.plain()) {
      *out += value;
    } else {
      AppendValue(wire::ToValidUtf8(value), out);
    }
    *out += '"';
  }
  if (between == ',') *out += '}';
  *out += ' ';
  char number[wire::kMaxNumberSize];
  out->append(number, wire::FormatFloat(number, sample.value));
  *out += ' ';
  *out += std::to_string(sample.time);
  *out += '\n';
}

}  // namespace

std::string Federate(const storage::Queryable& data, std::span<const std::vector<Matcher>> selectors,
                     UnixMillis now, const Labels& external_labels) {
  std::vector<Newest> found;
  // A series that several selectors select is read once: a thousand of them hold no more than one does.
  std::unordered_set<Labels, LabelsHash> read;
  storage::Samples samples;
  for (const std::vector<Matcher>& selector : selectors) {
    const std::unique_ptr<storage::Selection> selection = data.Select(selector, now - kLookback, now);
    for (const storage::Series* const series : selection->series()) {
      if (series->labels().Get(kName).empty() || !read.insert(series->labels()).second) continue;
      if (std::optional<Newest> newest = NewestOf(*series, now, &samples)) {
        found.push_back(*std::move(newest));
      }
    }
  }
  std::sort(found.begin(), found.end(), [](const Newest& a, const Newest& b) {
    return std::tie(a.name, a.labels) < std::tie(b.name, b.labels);
  });
  std::string out;
  std::string_view family;
  for (Newest& sample : found) {
    if (sample.name != family) {
      family = sample.name;
      out += "# TYPE " + sample.name + " untyped\n";
    }
    sample.labels = WithExternal(sample.labels, external_labels);
    AppendSample(sample, &out);
  }
  return out;
}

Scrape AnswerFederation(const storage::Queryable& data, std::span<const std::vector<Matcher>> selectors,
                        UnixMillis now, const Labels& external_labels) {
  return {.content_type = "text/plain; version=0.0.4; charset=utf-8",
          .body = Federate(data, selectors, now, external_labels)};
}

}  // namespace sidelight::prometheus
