#include "rules/testing/nhcb.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string_view>

#include "rules/testing/number_notation.h"

namespace sidelight::promqltest {
namespace {

constexpr std::string_view kName = "__name__";
constexpr std::string_view kBound = "le";
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// What the classic series say about one moment.
struct Classic {
  std::map<double, double> buckets;  // upper bound -> cumulative count
  std::optional<double> count;
  double sum = 0;
};
using ClassicByTime = std::map<UnixMillis, Classic>;

enum class Role { kNone, kBucket, kCount, kSum };

struct Part {
  Role role = Role::kNone;
  double bound = 0;  // of a bucket
  Labels group;
};

Labels GroupLabels(const Labels& labels, std::string_view base_name) {
  std::vector<Label> out;
  for (const Label label : labels) {
    if (label.name == kBound) continue;
    out.push_back(label.name == kName ? Label{kName, base_name} : label);
  }
  return Labels(out);
}

Part PartOf(const Labels& labels) {
  struct Suffix {
    std::string_view text;
    Role role;
  };
  constexpr Suffix kSuffixes[] = {{"_bucket", Role::kBucket}, {"_count", Role::kCount}, {"_sum", Role::kSum}};
  const std::string_view name = labels.Get(kName);
  for (const Suffix& suffix : kSuffixes) {
    if (!name.ends_with(suffix.text)) continue;
    Part part{.role = suffix.role,
              .group = GroupLabels(labels, name.substr(0, name.size() - suffix.text.size()))};
    if (part.role == Role::kBucket) {
      const std::optional<double> bound = ParseNumber(labels.Get(kBound));
      if (!bound || std::isnan(*bound)) return {};
      part.bound = *bound;
    }
    return part;
  }
  return {};
}

void Put(const Part& part, double value, Classic* classic) {
  switch (part.role) {
    case Role::kNone:
      break;
    case Role::kBucket:
      classic->buckets.emplace(part.bound, value);
      break;
    case Role::kCount:
      classic->count = value;
      break;
    case Role::kSum:
      classic->sum = value;
      break;
  }
}

Result<FloatHistogramPtr> Convert(Classic classic) {
  const double highest = classic.buckets.empty() ? 0 : classic.buckets.rbegin()->second;
  const double count = classic.count.value_or(highest);
  classic.buckets.emplace(kInfinity, count);

  auto histogram = std::make_shared<FloatHistogram>();
  histogram->schema = kCustomBucketsSchema;
  histogram->count = count;
  histogram->sum = classic.sum;
  std::vector<double> bounds;
  double below = 0;
  for (const auto& [bound, cumulative] : classic.buckets) {
    if (!(cumulative >= below)) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("the bucket le=\"{}\" counts {}, less than the one before it, {}", bound,
                              cumulative, below));
    }
    histogram->positive.push_back(cumulative - below);
    below = cumulative;
    if (bound != kInfinity) bounds.push_back(bound);
  }
  if (below != count) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("the bucket le=\"+Inf\" counts {}, the count is {}", below, count));
  }
  histogram->positive_spans = {{0, static_cast<uint32_t>(histogram->positive.size())}};
  histogram->custom_values = std::make_shared<const std::vector<double>>(std::move(bounds));
  return histogram;
}

}  // namespace

Result<std::vector<ConvertedSeries>> ConvertToCustomBuckets(std::span<const LoadedSeries> series,
                                                            int64_t step) {
  std::map<Labels, ClassicByTime> groups;
  for (const LoadedSeries& one : series) {
    const Part part = PartOf(one.labels);
    if (part.role == Role::kNone) continue;
    for (size_t i = 0; i < one.values.size(); ++i) {
      const SequenceValue& value = one.values[i];
      if (value.omitted || value.histogram != nullptr) continue;
      Put(part, value.value, &groups[part.group][static_cast<int64_t>(i) * step]);
    }
  }
  std::vector<ConvertedSeries> out;
  for (auto& [labels, times] : groups) {
    ConvertedSeries converted{.labels = labels};
    for (auto& [time, classic] : times) {
      Result<FloatHistogramPtr> histogram = Convert(std::move(classic));
      if (!histogram) {
        return Fail(ErrorCode::kInvalidArgument,
                    fmt::format("{} at {} ms: {}", labels.ToString(), time, histogram.error().message));
      }
      converted.histograms.emplace_back(time, *std::move(histogram));
    }
    out.push_back(std::move(converted));
  }
  return out;
}

}  // namespace sidelight::promqltest
