// The labels of a rule's result: the element's, changed by what the rule adds.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "core/model/labels.h"
#include "rules/promql/value.h"

namespace sidelight::rules {

inline constexpr std::string_view kMetricName = "__name__";
inline constexpr std::string_view kAlertName = "alertname";

// `labels` with those of `added` in the place of its own; of two that are added under one name the later one
// counts, and one without a value removes.
Labels Override(const Labels& labels, std::span<const Label> added);

// Whether two samples have the same labels.
bool HasTwins(const std::vector<promql::Sample>& samples);

}  // namespace sidelight::rules
