#include "core/storage/snapshot_appender.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/model/float_histogram.h"
#include "core/model/stale.h"
#include "core/storage/bound_text.h"

namespace sidelight::storage {
namespace {

constexpr std::string_view kName = "__name__";
constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace

SnapshotAppender::SnapshotAppender(Store& store, Labels target)
    : store_(store), target_(std::move(target)), appender_(store.MakeAppender()) {}

SnapshotAppender::~SnapshotAppender() = default;

bool SnapshotAppender::Shown(const Metric& metric, MetricType type) {
  if (metric.stale) return false;
  if (type == MetricType::kHistogram) return metric.histogram != nullptr;
  if (type == MetricType::kSummary) return metric.summary != nullptr;
  return true;
}

bool SnapshotAppender::SameShape(const Shape& shape, const Metric& metric) {
  if (metric.histogram != nullptr) {
    const BucketBounds& bounds = metric.histogram->classic.bounds;
    const bool same =
        bounds == shape.bounds || (bounds != nullptr && shape.bounds != nullptr && *bounds == *shape.bounds);
    return same && metric.histogram->has_native() == shape.native;
  }
  const auto& quantiles = metric.summary->quantiles;
  return std::equal(quantiles.begin(), quantiles.end(), shape.quantiles.begin(), shape.quantiles.end(),
                    [](const Quantile& a, double b) { return a.quantile == b; });
}

SnapshotAppender::Shape SnapshotAppender::ShapeOf(const Metric& metric) {
  Shape shape;
  if (metric.histogram != nullptr) {
    shape.bounds = metric.histogram->classic.bounds;
    shape.native = metric.histogram->has_native();
  } else {
    for (const Quantile& quantile : metric.summary->quantiles) shape.quantiles.push_back(quantile.quantile);
  }
  return shape;
}

// Whether the family's series are those that are known, one for one.
bool SnapshotAppender::Fits(const Family& known, const MetricFamily& family) const {
  if (known.type != family.type || known.sources.size() != family.metrics.size()) return false;
  const bool shaped = HasShape(family.type);
  for (size_t i = 0; i < known.sources.size(); ++i) {
    const Metric& metric = family.metrics[i];
    if (!Shown(metric, family.type) || metric.labels != known.sources[i]) return false;
    if (shaped && !SameShape(known.shapes[i], metric)) return false;
  }
  return true;
}

Labels SnapshotAppender::TargetLabels(const std::string& name, const Labels& source,
                                      std::string_view extra_name, std::string_view extra_value) const {
  std::vector<Label> labels{{kName, name}};
  for (const Label label : target_) labels.push_back(label);
  if (!extra_name.empty()) labels.push_back({extra_name, extra_value});
  const size_t reserved = labels.size();
  std::vector<std::string> renamed;
  renamed.reserve(source.size());  // string_views into its elements must stay good
  for (const Label label : source) {
    const auto taken = [&](std::string_view wanted) {
      return std::any_of(labels.begin(), labels.begin() + static_cast<std::ptrdiff_t>(reserved),
                         [&](const Label& other) { return other.name == wanted; });
    };
    if (!taken(label.name)) {
      labels.push_back(label);
      continue;
    }
    std::string other = "exported_" + std::string(label.name);
    while (taken(other) || !source.Get(other).empty()) other.insert(0, "exported_");
    renamed.push_back(std::move(other));
    labels.push_back({renamed.back(), label.value});
  }
  return Labels(std::span<const Label>(labels));
}

// Appends the series of one metric to those of its family, in the order in which their values come.
void SnapshotAppender::AddTargets(const MetricFamily& family, const Metric& metric, Family* known) const {
  const auto add = [&](const std::string& name, std::string_view extra_name = {},
                       std::string_view extra_value = {}) {
    known->targets.push_back({0, TargetLabels(name, metric.labels, extra_name, extra_value), 0});
  };
  if (family.type == MetricType::kHistogram) {
    const Histogram& histogram = *metric.histogram;
    if (histogram.has_classic()) {
      for (const double bound : *histogram.classic.bounds)
        add(family.name + "_bucket", "le", BoundText(bound));
      add(family.name + "_bucket", "le", "+Inf");
      add(family.name + "_sum");
      add(family.name + "_count");
    }
    if (histogram.has_native()) add(family.name);
  } else if (family.type == MetricType::kSummary) {
    for (const Quantile& quantile : metric.summary->quantiles) {
      add(family.name, "quantile", BoundText(quantile.quantile));
    }
    add(family.name + "_sum");
    add(family.name + "_count");
  } else {
    add(family.name);
  }
}

// Makes the family's series the known ones; those that are known and are not there any more end.
void SnapshotAppender::Refit(Family* known, const MetricFamily& family) {
  Family fitted;
  fitted.name = family.name;
  fitted.type = family.type;
  const bool shaped = HasShape(family.type);
  size_t old = 0;
  size_t old_target = 0;
  const auto pass_old = [&](const auto& use) {
    for (; old_target < known->ends[old]; ++old_target) use(known->targets[old_target]);
    ++old;
  };
  const auto end = [&](Target& target) { EndSeries(&target); };
  for (const Metric& metric : family.metrics) {
    if (!Shown(metric, family.type)) continue;
    while (old < known->sources.size() && known->sources[old] < metric.labels) pass_old(end);
    const bool stays = old < known->sources.size() && known->sources[old] == metric.labels &&
                       (!shaped || SameShape(known->shapes[old], metric));
    if (stays) {
      pass_old([&](Target& target) { fitted.targets.push_back(std::move(target)); });
    } else {
      if (old < known->sources.size() && known->sources[old] == metric.labels) pass_old(end);
      AddTargets(family, metric, &fitted);
    }
    fitted.sources.push_back(metric.labels);
    if (shaped) fitted.shapes.push_back(ShapeOf(metric));
    fitted.ends.push_back(static_cast<uint32_t>(fitted.targets.size()));
  }
  while (old < known->sources.size()) pass_old(end);
  *known = std::move(fitted);
}

void SnapshotAppender::Count(const Result<SeriesRef>& appended, Target* target) {
  if (appended) {
    target->ref = *appended;
    ++outcome_.appended;
  } else {
    ++outcome_.refused;
  }
}

void SnapshotAppender::AppendFloat(Target* target, double value, UnixMillis start) {
  Count(appender_->Append(target->ref, target->labels, outcome_.time, value, start), target);
}

void SnapshotAppender::EndSeries(Target* target) {
  // One that never had a sample, as the store refused it, has nothing to end.
  if (target->ref == 0) return;
  ++outcome_.stale;
  AppendFloat(target, StaleNan(), 0);
}

void SnapshotAppender::EndFamily(Family* known) {
  for (Target& target : known->targets) EndSeries(&target);
}

void SnapshotAppender::AppendExemplar(const Exemplar& exemplar, Target* target) {
  // A snapshot shows an exemplar until there is a newer one.
  if (target->ref == 0 || exemplar.time == target->exemplar) return;
  target->exemplar = exemplar.time;
  // The store forgets the oldest ones anyway, so one that finds no series is no loss to speak of.
  static_cast<void>(appender_->AppendExemplar(target->ref, exemplar));
}

void SnapshotAppender::AppendHistogram(const Metric& metric, Target* target) {
  const Histogram& histogram = *metric.histogram;
  if (histogram.has_classic()) {
    const std::vector<double>& bounds = *histogram.classic.bounds;
    size_t exemplar = 0;
    uint64_t below = 0;
    for (size_t i = 0; i <= bounds.size(); ++i, ++target) {
      below += histogram.classic.counts[i];
      AppendFloat(target, static_cast<double>(below), metric.start);
      const double bound = i < bounds.size() ? bounds[i] : kInfinity;
      for (; exemplar < histogram.exemplars.size() && histogram.exemplars[exemplar].value <= bound;
           ++exemplar) {
        AppendExemplar(histogram.exemplars[exemplar], target);
      }
    }
    AppendFloat(target++, histogram.sum, metric.start);
    AppendFloat(target++, static_cast<double>(histogram.count), metric.start);
  }
  if (!histogram.has_native()) return;
  Count(appender_->AppendHistogram(target->ref, target->labels, outcome_.time, ToFloatHistogram(histogram),
                                   metric.start),
        target);
  if (histogram.has_classic()) return;
  for (const Exemplar& exemplar : histogram.exemplars) AppendExemplar(exemplar, target);
}

void SnapshotAppender::AppendSummary(const Metric& metric, Target* target) {
  for (const Quantile& quantile : metric.summary->quantiles) AppendFloat(target++, quantile.value, 0);
  AppendFloat(target++, metric.summary->sum, metric.start);
  AppendFloat(target, static_cast<double>(metric.summary->count), metric.start);
}

void SnapshotAppender::AppendFamily(Family& known, const MetricFamily& family) {
  if (!Fits(known, family)) Refit(&known, family);
  size_t at = 0;
  size_t first = 0;
  const bool counter = family.type == MetricType::kCounter;
  for (const Metric& metric : family.metrics) {
    if (!Shown(metric, family.type)) continue;
    Target* const target = known.targets.data() + first;
    first = known.ends[at++];
    if (family.type == MetricType::kHistogram) {
      AppendHistogram(metric, target);
    } else if (family.type == MetricType::kSummary) {
      AppendSummary(metric, target);
    } else {
      AppendFloat(target, metric.value, counter ? metric.start : 0);
      if (metric.exemplar) AppendExemplar(*metric.exemplar, target);
    }
  }
}

void SnapshotAppender::Begin(UnixMillis time) {
  UnixMillis placed = store_.Place(time);
  if (placed <= last_time_) placed = last_time_ + 1;
  last_time_ = placed;
  outcome_ = {.time = placed};
}

SnapshotAppender::Outcome SnapshotAppender::Append(const Snapshot& snapshot, std::optional<UnixMillis> time) {
  Begin(time.value_or(snapshot.time));
  // The families that are known and those of the snapshot, both by name.
  std::vector<Family> families;
  families.reserve(snapshot.families.size());
  size_t old = 0;
  for (const MetricFamily& family : snapshot.families) {
    while (old < families_.size() && families_[old].name < family.name) EndFamily(&families_[old++]);
    if (old < families_.size() && families_[old].name == family.name) {
      families.push_back(std::move(families_[old++]));
    } else {
      families.emplace_back();
    }
    AppendFamily(families.back(), family);
  }
  while (old < families_.size()) EndFamily(&families_[old++]);
  families_ = std::move(families);
  static_cast<void>(appender_->Commit());
  return outcome_;
}

SnapshotAppender::Outcome SnapshotAppender::End(UnixMillis time) {
  Begin(time);
  for (Family& family : families_) EndFamily(&family);
  families_.clear();
  static_cast<void>(appender_->Commit());
  return outcome_;
}

}  // namespace sidelight::storage
