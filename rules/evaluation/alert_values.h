// What alert templates work with beyond Go's plain values: label sets, and what `query` answers.
//
// Source: https://prometheus.io/docs/prometheus/latest/configuration/template_reference/ .
#pragma once

#include <string_view>

#include "core/base/error.h"
#include "core/model/float_histogram.h"
#include "core/model/labels.h"
#include "rules/promql/value.h"
#include "rules/template/value.h"

namespace sidelight::rules {

inline constexpr std::string_view kQueryResultType = "template.queryResult";  // a list of samples
inline constexpr std::string_view kSampleType = "*template.sample";  // with the fields Labels and Value

// A map of strings, in which a label that is not there is "".
text_template::Value LabelsValue(const Labels& labels);
// The samples in the order of the vector.
text_template::Value QueryResultValue(const promql::Vector& vector);
text_template::Value HistogramValue(FloatHistogramPtr histogram);

// Of a number, of a text that holds one as Go's strconv.ParseFloat takes it, and of a time.Duration in
// seconds. The error's message is Go's.
Result<double> NumberOf(const text_template::Value& value);

}  // namespace sidelight::rules
