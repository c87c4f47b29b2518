// What the store's tests share: opening, reading everything, making matchers and histograms.
#pragma once

#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "core/storage/store.h"

namespace sidelight::storage {

inline constexpr UnixMillis kEver = std::numeric_limits<UnixMillis>::max();
inline constexpr UnixMillis kNever = std::numeric_limits<UnixMillis>::min();

inline std::unique_ptr<Store> OpenStore(StoreOptions options = {}) {
  auto store = Store::Open(std::move(options));
  EXPECT_TRUE(store.has_value());
  return std::move(*store);
}

using MatcherList = std::vector<std::tuple<Matcher::Type, std::string, std::string>>;

inline std::vector<Matcher> MakeMatchers(const MatcherList& list) {
  std::vector<Matcher> matchers;
  for (const auto& [type, name, value] : list) matchers.push_back(*Matcher::Make(type, name, value));
  return matchers;
}

inline std::map<Labels, Samples> ReadStore(const Store& store, UnixMillis from = kNever,
                                           UnixMillis to = kEver) {
  std::map<Labels, Samples> all;
  const auto selection = store.Select({}, from, to);
  for (const Series* series : selection->series()) {
    Samples samples;
    series->Read(from, to, &samples);
    if (!samples.times.empty() || !samples.histogram_times.empty())
      all[series->labels()] = std::move(samples);
  }
  return all;
}

inline Samples ReadSeries(const Store& store, const Labels& labels, UnixMillis from = kNever,
                          UnixMillis to = kEver) {
  return ReadStore(store, from, to)[labels];
}

inline FloatHistogramPtr MakeHistogram(std::vector<double> counts, CounterReset mark = CounterReset::kUnknown,
                                       int32_t offset = 0) {
  auto histogram = std::make_shared<FloatHistogram>();
  histogram->counter_reset = mark;
  histogram->positive_spans = {{offset, static_cast<uint32_t>(counts.size())}};
  for (const double count : counts) histogram->count += count;
  histogram->sum = histogram->count * 2;
  histogram->positive = std::move(counts);
  return histogram;
}

}  // namespace sidelight::storage
