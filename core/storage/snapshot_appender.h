// SnapshotAppender: a Snapshot as samples, once for each turn of the sampling loop.
//
// What a scrape of the same snapshot would store: counters and gauges as they are; a histogram's classic form
// as name_bucket{le="..."}, name_sum and name_count, its native form as one histogram under the name itself;
// a summary's quantiles, sum and count. Each series gets the target's labels (job, instance); a label of its
// own that has such a name becomes exported_<name>. A series that has ended, or is not in the snapshot any
// more, gets a stale marker.
//
// It remembers the series of the last snapshot by their place in it, so that each is looked up once. Belongs
// to one thread; the store outlives it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/model/labels.h"
#include "core/model/snapshot.h"
#include "core/storage/store.h"

namespace sidelight::storage {

class SnapshotAppender {
 public:
  SnapshotAppender(Store& store, Labels target);
  ~SnapshotAppender();
  SnapshotAppender(const SnapshotAppender&) = delete;
  SnapshotAppender& operator=(const SnapshotAppender&) = delete;

  struct Outcome {
    UnixMillis time = 0;  // of the samples: the snapshot's, in the store's own time (Store::Now)
    size_t appended = 0;  // samples that the store took, stale markers among them
    size_t refused = 0;
    size_t stale = 0;
  };
  // Appends and commits. The samples get the snapshot's time, or `time`, which is a little later: times that
  // lie evenly take less memory.
  Outcome Append(const Snapshot& snapshot, std::optional<UnixMillis> time = {});
  // Ends all series: a stale marker for each. For whoever stops for good while the store goes on.
  Outcome End(UnixMillis time);

 private:
  // A series of the store; the labels are kept for the case that its number is no longer good.
  struct Target {
    SeriesRef ref = 0;
    Labels labels;
    UnixMillis exemplar = 0;  // time of the last one
  };
  // What, besides its labels, decides which series of the store a metric has.
  struct Shape {
    BucketBounds bounds;  // null: no classic form
    bool native = false;
    std::vector<double> quantiles;
  };
  struct Family {
    std::string name;
    MetricType type = MetricType::kUnknown;
    std::vector<Labels> sources;  // of the metrics, in their order
    std::vector<Shape> shapes;    // of histograms and summaries: as many
    std::vector<uint32_t> ends;   // as many: where in `targets` the metric's series end
    std::vector<Target> targets;
  };

  void Begin(UnixMillis time);
  static bool Shown(const Metric& metric, MetricType type);
  static bool HasShape(MetricType type) {
    return type == MetricType::kHistogram || type == MetricType::kSummary;
  }
  static bool SameShape(const Shape& shape, const Metric& metric);
  static Shape ShapeOf(const Metric& metric);

  bool Fits(const Family& known, const MetricFamily& family) const;
  void Refit(Family* known, const MetricFamily& family);
  void AddTargets(const MetricFamily& family, const Metric& metric, Family* known) const;
  Labels TargetLabels(const std::string& name, const Labels& source, std::string_view extra_name,
                      std::string_view extra_value) const;
  void AppendFamily(Family& known, const MetricFamily& family);
  void AppendHistogram(const Metric& metric, Target* target);
  void AppendExemplars(const Metric& metric, Target* target);
  void AppendExemplar(const Exemplar& exemplar, Target* target);
  void AppendSummary(const Metric& metric, Target* target);
  void AppendFloat(Target* target, double value, UnixMillis start);
  void EndSeries(Target* target);
  void EndFamily(Family* known);
  void Count(const Result<SeriesRef>& appended, Target* target);

  Store& store_;
  const Labels target_;
  const std::unique_ptr<Appender> appender_;
  std::vector<Family> families_;  // of the last snapshot, in its order
  Outcome outcome_;               // of the snapshot under way
  UnixMillis last_time_ = INT64_MIN;
};

}  // namespace sidelight::storage
