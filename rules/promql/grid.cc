#include "rules/promql/grid.h"

#include <algorithm>
#include <utility>

namespace sidelight::promql {

void Grid::Reserve(size_t rows) {
  rows_.reserve(rows);
  values_.reserve(rows * steps_);
}

size_t Grid::Add(Labels labels, bool drop_name) {
  rows_.push_back({std::move(labels), drop_name});
  values_.resize(rows_.size() * steps_, StaleNan());
  if (!histograms_.empty()) histograms_.resize(rows_.size() * steps_);
  return rows_.size() - 1;
}

void Grid::RemoveLast() {
  rows_.pop_back();
  values_.resize(rows_.size() * steps_);
  if (!histograms_.empty()) histograms_.resize(rows_.size() * steps_);
}

void Grid::Keep(const std::vector<bool>& keep) {
  size_t kept = 0;
  for (size_t i = 0; i < rows_.size(); ++i) {
    if (!keep[i]) continue;
    if (kept != i) {
      rows_[kept] = std::move(rows_[i]);
      std::copy_n(values_.begin() + static_cast<std::ptrdiff_t>(i * steps_), steps_,
                  values_.begin() + static_cast<std::ptrdiff_t>(kept * steps_));
      for (size_t step = 0; step < steps_ && !histograms_.empty(); ++step) {
        histograms_[kept * steps_ + step] = std::move(histograms_[i * steps_ + step]);
      }
    }
    ++kept;
  }
  rows_.resize(kept);
  values_.resize(kept * steps_);
  if (!histograms_.empty()) histograms_.resize(kept * steps_);
}

bool Grid::RowIsEmpty(size_t row) const {
  for (size_t step = 0; step < steps_; ++step) {
    if (Has(row, step)) return false;
  }
  return true;
}

void Grid::SetHistogram(size_t row, size_t step, FloatHistogramPtr histogram) {
  if (histograms_.empty()) {
    if (histogram == nullptr) return;
    histograms_.resize(rows_.size() * steps_);
  }
  values_[row * steps_ + step] = StaleNan();
  histograms_[row * steps_ + step] = std::move(histogram);
}

void Grid::Set(size_t row, size_t step, Cell cell) {
  if (cell.histogram != nullptr) {
    SetHistogram(row, step, std::move(cell.histogram));
  } else {
    SetFloat(row, step, cell.value);
  }
}

size_t Grid::Samples() const {
  size_t samples = 0;
  for (const double value : values_) samples += !IsStale(value);
  for (const FloatHistogramPtr& histogram : histograms_) samples += histogram != nullptr;
  return samples;
}

}  // namespace sidelight::promql
