// Queryable: the door through which the past is read. Declared apart from the store so that whoever asks
// (PromQL, the API) can be tested on anything that answers.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/model/float_histogram.h"
#include "core/model/labels.h"
#include "core/model/matcher.h"

namespace sidelight::storage {

// The samples of one series, by kind, each in order of time; stale markers are among them
// (core/model/stale.h; a histogram that is one has it as its sum). At one time a series has one sample of one
// kind.
struct Samples {
  std::vector<UnixMillis> times;   // of floats
  std::vector<double> values;      // as many
  std::vector<UnixMillis> starts;  // empty when none has a start timestamp, else as many; 0: none
  std::vector<UnixMillis> histogram_times;
  std::vector<FloatHistogramPtr> histograms;
  std::vector<UnixMillis> histogram_starts;

  void Clear() {
    times.clear();
    values.clear();
    starts.clear();
    histogram_times.clear();
    histograms.clear();
    histogram_starts.clear();
  }
};

class Series {
 public:
  virtual ~Series() = default;
  virtual const Labels& labels() const = 0;  // the name included, as __name__
  // Appends its samples of [from, to] to `out`, which may hold older ones of the same series.
  virtual void Read(UnixMillis from, UnixMillis to, Samples* out) const = 0;
  // The same for the newest of those samples alone. A store overrides it where it can do that in less time.
  virtual void ReadNewest(UnixMillis from, UnixMillis to, Samples* out) const { Read(from, to, out); }
};

// Series that were found; they live as long as this.
class Selection {
 public:
  virtual ~Selection() = default;
  virtual std::span<const Series* const> series() const = 0;  // in no order
};

// Thread-safe. A reader never makes the writer wait.
class Queryable {
 public:
  virtual ~Queryable() = default;
  // Series that match all of them and may have samples in [from, to].
  virtual std::unique_ptr<Selection> Select(std::span<const Matcher> matchers, UnixMillis from,
                                            UnixMillis to) const = 0;
  // Of such series (all series when there are no matchers): the names of their labels, and the values of one.
  // Sorted, each once.
  virtual std::vector<std::string> LabelNames(std::span<const Matcher> matchers, UnixMillis from,
                                              UnixMillis to) const = 0;
  virtual std::vector<std::string> LabelValues(std::string_view name, std::span<const Matcher> matchers,
                                               UnixMillis from, UnixMillis to) const = 0;
};

}  // namespace sidelight::storage
