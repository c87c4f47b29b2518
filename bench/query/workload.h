// Workload: what the benches of queries are about: the series of a service of 100 routes that grow evenly, as
// a Snapshot for us and as an exposition for whoever scrapes.
//
// Of 10,000 series 40 % are counters, http_requests_total{service,route,code,pod}, and 60 % belong to the
// histogram x{service,route,pod}, which has 12 bounds: 15 series each. A value is the whole part of its rate
// times the time. The same series and rates in every run.
#pragma once

#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/model/labels.h"
#include "core/model/snapshot.h"
#include "core/storage/store.h"

namespace sidelight::bench {

class Workload {
 public:
  static constexpr size_t kSeries = 10'000;
  static constexpr size_t kRoutes = 100;

  // Counters grow at most by `most` a second; all of them begin at `origin`.
  explicit Workload(UnixMillis origin, double most = 100);

  Snapshot At(UnixMillis time) const;
  // Text 0.0.4, a timestamp on each sample. Without a head, so that several may stand one behind the other.
  std::string Exposition(UnixMillis time) const;

 private:
  struct Counter {
    Labels labels;
    std::string text;  // of the series, as the exposition has it
    double rate;
  };
  struct Histogram {
    Labels labels;
    std::string text;  // of its labels, with a comma behind
    double rate;
  };
  double Seconds(UnixMillis time) const { return static_cast<double>(time - origin_) / 1000; }

  const UnixMillis origin_;
  const BucketBounds bounds_;
  std::vector<Counter> counters_;      // sorted by labels
  std::vector<Histogram> histograms_;  // the same
};

// The labels that a scrape adds, and the sampling loop too.
Labels Target();

// Appends the workload to the store as the sampling loop would: a snapshot at origin, origin + interval, ...
// up to `end`.
void Fill(const Workload& workload, UnixMillis origin, UnixMillis end, int64_t interval,
          storage::Store* store);

// 100 alert rules: the share of errors of each route.
std::vector<std::string> RuleExpressions();

}  // namespace sidelight::bench
