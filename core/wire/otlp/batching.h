// Batching: walks through a snapshot and gives its points to a format, which writes them; begins a new
// request wherever one more point would break a limit.
//
// A Format has
//   static constexpr bool kBackward         writes the last point first
//   void OpenMetric(const Part&)            the points that follow are of this one
//   void AddPoint(const Part&, const Metric&)
//   void CloseMetric(const Part&)           it has points
//   size_t size(), void Rewind(size_t)      what was written in this request, and back to less
//   size_t Overhead()                       no less than what it takes to close the metric and the request
//   now std::string TakeRequest()               closes; what comes next is another request
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "core/wire/otlp/encode.h"
#include "core/wire/otlp/parts.h"

namespace sidelight::otlp {

template <class Format>
class Batching {
 public:
  Batching(Format& format, const EncodeOptions& options) : format_(format), options_(options) {}

  std::vector<EncodedRequest> Run(const Snapshot& snapshot, size_t* too_large) {
    std::vector<Part> parts = PartsOf(snapshot, options_.histograms);
    if (Format::kBackward) std::reverse(parts.begin(), parts.end());
    for (const Part& part : parts) AddPart(part);
    Finish(nullptr);
    if (Format::kBackward) std::reverse(requests_.begin(), requests_.end());
    if (too_large != nullptr) *too_large = too_large_;
    return std::move(requests_);
  }

 private:
  // How many series it fetches labels before it gets to them.
  static constexpr size_t kAhead = 8;

  void AddPart(const Part& part) {
    const std::vector<Metric>& metrics = part.family->metrics;
    for (size_t i = 0; i < metrics.size(); ++i) {
      const auto at = [&](size_t n) -> const Metric& {
        return metrics[Format::kBackward ? metrics.size() - 1 - n : n];
      };
      if (i + kAhead < metrics.size()) at(i + kAhead).labels.Prefetch();
      if (Belongs(part, at(i))) AddPoint(part, at(i));
    }
    CloseMetric(part);
  }

  void AddPoint(const Part& part, const Metric& metric) {
    if (options_.max_points != 0 && points_ == options_.max_points) Finish(&part);
    while (true) {
      if (!open_) OpenMetric(part);
      const size_t before = format_.size();
      format_.AddPoint(part, metric);
      if (format_.size() + format_.Overhead() <= options_.max_bytes) {
        ++points_;
        ++metric_points_;
        return;
      }
      format_.Rewind(before);
      if (points_ == 0) {  // a request of its own was not enough
        CloseMetric(part);
        ++too_large_;
        return;
      }
      Finish(&part);
    }
  }

  void OpenMetric(const Part& part) {
    metric_start_ = format_.size();
    metric_points_ = 0;
    open_ = true;
    format_.OpenMetric(part);
  }

  void CloseMetric(const Part& part) {
    if (!open_) return;
    if (metric_points_ == 0) {
      format_.Rewind(metric_start_);
    } else {
      format_.CloseMetric(part);
    }
    open_ = false;
  }

  void Finish(const Part* part) {
    if (part != nullptr) CloseMetric(*part);
    if (points_ != 0) requests_.push_back({format_.TakeRequest(), points_});
    points_ = 0;
  }

  Format& format_;
  const EncodeOptions& options_;
  std::vector<EncodedRequest> requests_;
  size_t points_ = 0;         // in the request that is being written
  size_t metric_points_ = 0;  // in the metric that is
  size_t metric_start_ = 0;
  bool open_ = false;
  size_t too_large_ = 0;
};

}  // namespace sidelight::otlp
