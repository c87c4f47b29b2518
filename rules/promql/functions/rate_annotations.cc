#include "rules/promql/functions/rate_annotations.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "rules/promql/printer.h"

namespace sidelight::promql {
namespace {

void Warn(const RangeCall& call, std::string_view text) {
  call.evaluation.annotations().Warn(call.position(), std::string(text) + Quote(call.metric_name()));
}

}  // namespace

void SayMixedKinds(const RangeCall& call) {
  Warn(call, "encountered a mix of histograms and floats for metric name ");
}

void SayMixedLayouts(const RangeCall& call) {
  Warn(call,
       "vector contains a mix of histograms with exponential and custom buckets schemas for metric name ");
}

void SayReconciled(const RangeCall& call) {
  call.evaluation.annotations().Info(call.position(),
                                     "mismatched custom buckets were reconciled during subtraction");
}

void SayNoCounterName(const RangeCall& call) {
  constexpr std::array<std::string_view, 4> kEndings = {"_total", "_sum", "_count", "_bucket"};
  const std::string_view name = call.metric_name();
  if (name.empty() || std::any_of(kEndings.begin(), kEndings.end(),
                                  [&](std::string_view ending) { return name.ends_with(ending); })) {
    return;
  }
  call.evaluation.annotations().Info(
      call.position(),
      "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: " + Quote(name));
}

void SayHistogramType(const RangeCall& call, std::span<const FloatHistogramPtr> histograms, RateKind kind) {
  const auto is_gauge = [](const FloatHistogramPtr& histogram) {
    return histogram->counter_reset == CounterReset::kGauge;
  };
  if (IsCounter(kind)) {
    if (std::any_of(histograms.begin(), histograms.end(), is_gauge)) {
      Warn(call, "this native histogram metric is not a counter: ");
    }
  } else if (!is_gauge(histograms.front()) || !is_gauge(histograms.back())) {
    Warn(call, "this native histogram metric is not a gauge: ");
  }
}

}  // namespace sidelight::promql
