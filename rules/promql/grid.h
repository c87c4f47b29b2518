// Grid: the value of an expression at every step of a query: a table with one row for each series and one
// column for each step, so that an instant query is a grid of one column. What all of the engine's stages
// take and give. A scalar is a grid of one row without labels.
//
// A cell holds a float, a histogram, or nothing. Floats lie in one array, row after row; "nothing" is the
// stale marker there, which no calculation yields. Histograms lie in a second one that exists only when there
// is one, and win over the first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/base/clock.h"
#include "core/model/float_histogram.h"
#include "core/model/labels.h"
#include "core/model/stale.h"

namespace sidelight::promql {

// Queries of times farther from the epoch are refused, so that what durations add to them has room.
inline constexpr UnixMillis kTimeLimit = INT64_MAX / 4;

// As PromQL says times, in values.
inline double InSeconds(UnixMillis time) {
  return static_cast<double>(time) / 1000;
}

// The times at which an expression is evaluated. count >= 1.
struct Steps {
  UnixMillis start = 0;
  int64_t interval = 0;  // milliseconds; of an instant query 0, or 1
  size_t count = 1;

  UnixMillis At(size_t i) const { return start + static_cast<int64_t>(i) * interval; }
  UnixMillis end() const { return At(count - 1); }
};

// What is in one cell; the histogram, when there is one, belongs to the grid.
struct Cell {
  double value = StaleNan();
  FloatHistogramPtr histogram;

  bool empty() const { return histogram == nullptr && IsStale(value); }
};

class Grid {
 public:
  struct Row {
    Labels labels;
    bool drop_name = false;  // __name__ goes at the end of the query (EngineOptions::delayed_name_removal)
  };

  explicit Grid(size_t steps) : steps_(steps) {}

  size_t steps() const { return steps_; }
  size_t size() const { return rows_.size(); }
  Row& row(size_t i) { return rows_[i]; }
  const Row& row(size_t i) const { return rows_[i]; }
  std::vector<Row>& rows() { return rows_; }
  const std::vector<Row>& rows() const { return rows_; }

  void Reserve(size_t rows);
  // A new last row without a value in it; its index.
  size_t Add(Labels labels, bool drop_name = false);
  // Takes the last row away again: for rows that turned out empty.
  void RemoveLast();
  // Keeps the rows whose flag is set, in order. keep.size() == size().
  void Keep(const std::vector<bool>& keep);

  // The floats of a row, one for each step. Valid until a row is added.
  std::span<double> floats(size_t row) { return {values_.data() + row * steps_, steps_}; }
  std::span<const double> floats(size_t row) const { return {values_.data() + row * steps_, steps_}; }
  // Whether any cell holds a histogram.
  bool has_histograms() const { return !histograms_.empty(); }
  // nullptr where there is none.
  const FloatHistogramPtr& histogram(size_t row, size_t step) const {
    static const FloatHistogramPtr kNone;
    return histograms_.empty() ? kNone : histograms_[row * steps_ + step];
  }
  bool HasFloat(size_t row, size_t step) const { return !IsStale(values_[row * steps_ + step]); }
  bool Has(size_t row, size_t step) const { return HasFloat(row, step) || histogram(row, step) != nullptr; }
  bool RowIsEmpty(size_t row) const;
  Cell cell(size_t row, size_t step) const { return {values_[row * steps_ + step], histogram(row, step)}; }

  void SetFloat(size_t row, size_t step, double value) {
    values_[row * steps_ + step] = value;
    if (!histograms_.empty()) histograms_[row * steps_ + step] = nullptr;
  }
  void SetHistogram(size_t row, size_t step, FloatHistogramPtr histogram);
  void Set(size_t row, size_t step, Cell cell);
  void Clear(size_t row, size_t step) { SetFloat(row, step, StaleNan()); }

  // Cells that hold something.
  size_t Samples() const;

 private:
  size_t steps_;
  std::vector<Row> rows_;
  std::vector<double> values_;                 // rows * steps
  std::vector<FloatHistogramPtr> histograms_;  // none, or rows * steps
};

}  // namespace sidelight::promql
