// The answers of Prometheus' query API as JSON, written straight into a string.
//
// As Prometheus prints them: sample values are texts with the shortest digits that read back as the same
// number (with an exponent below 1e-6 and from 1e21 up in vectors and matrices, never in a scalar), times are
// seconds with three decimals or none, native histograms are
// {"count","sum","buckets":[[rule,"lower","upper","count"],...]} where rule 0 is open on the left, 1 open on
// the right, 2 open and 3 closed on both sides; buckets without observations are left out.
//
// Source: https://prometheus.io/docs/prometheus/latest/querying/api/ .
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/model/labels.h"
#include "rules/promql/value.h"

namespace sidelight::api {

struct AnswerLimits {
  size_t series = 0;  // more are left out, with a warning; 0: no limit
  size_t bytes = 0;   // of the whole answer
};

// {"status":"success","data":{...}} with warnings and infos where there are any; their positions are those in
// `query`. kLimit when it would be larger than the limit.
Result<std::string> WriteAnswer(const promql::QueryResult& result, std::string_view query,
                                const AnswerLimits& limits);

// {"status":"error","errorType":"bad_data","error":"..."}
std::string WriteError(std::string_view type, std::string_view message);

// Appends it in quotes. Bytes that are no UTF-8 become U+FFFD.
void AppendJsonString(std::string_view text, std::string* out);
// Appends a sample's value in its quotes, and a moment in seconds.
void AppendJsonValue(double value, std::string* out);
void AppendJsonTime(UnixMillis time, std::string* out);
// Appends {"name":"value",...}.
void AppendJsonLabels(const Labels& labels, std::string* out);

}  // namespace sidelight::api
