// What Store::Select() gives: series and how far each of them reached when they were selected. Later commits
// do not show, so that what a query reads of one commit is the whole of it.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "core/storage/head.h"
#include "core/storage/queryable.h"

namespace sidelight::storage {

class SelectedSeries final : public Series {
 public:
  // `ahead` is a chunk that will be read soon, if series are read one after the other.
  SelectedSeries(const Head::Found& found, const Chunk* ahead) : found_(found), ahead_(ahead) {}
  const Labels& labels() const override { return found_.series->labels(); }
  void Read(UnixMillis from, UnixMillis to, Samples* out) const override {
    constexpr int kCacheLine = 64;
    constexpr int kLines = 3;  // of a chunk of usual size
    const char* const ahead = reinterpret_cast<const char*>(ahead_);
    for (int i = 0; i < kLines; ++i) __builtin_prefetch(ahead + i * kCacheLine);
    MemorySeries::Read(found_.view, from, to, out);
  }
  void ReadNewest(UnixMillis from, UnixMillis to, Samples* out) const override {
    MemorySeries::ReadNewest(found_.view, from, to, out);
  }

 private:
  const Head::Found found_;
  const Chunk* const ahead_;
};

class StoreSelection final : public Selection {
 public:
  // The pin is older than the series that were found.
  StoreSelection(Epochs::Pin pin, const std::vector<Head::Found>& found) : pin_(std::move(pin)) {
    selected_.reserve(found.size());
    series_.reserve(found.size());
    constexpr size_t kAhead = 4;
    for (size_t i = 0; i < found.size(); ++i) {
      const size_t ahead = std::min(i + kAhead, found.size() - 1);
      series_.push_back(&selected_.emplace_back(found[i], found[ahead].view.newest));
    }
  }
  std::span<const Series* const> series() const override { return series_; }

 private:
  const Epochs::Pin pin_;
  std::vector<SelectedSeries> selected_;
  std::vector<const Series*> series_;
};

}  // namespace sidelight::storage
