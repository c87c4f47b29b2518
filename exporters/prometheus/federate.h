// /federate: the newest sample of each selected series, for a Prometheus that scrapes several of us. A plain
// function without HTTP: the API reads the selectors and sends what this returns.
//
// As Prometheus writes it: the text format 0.0.4 with timestamps, every family untyped, sorted by name; a
// series without a sample in the last five minutes, or whose newest sample is a stale marker, is left out,
// and so is one whose newest sample is a native histogram, which the text format cannot say.
//
// Source: https://prometheus.io/docs/prometheus/latest/federation/ , Prometheus' web/federate.go.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/model/labels.h"
#include "core/model/matcher.h"
#include "core/storage/queryable.h"
#include "exporters/prometheus/metrics_endpoint.h"

namespace sidelight::prometheus {

// The series that one of `selectors` selects, each once, as they are at `now`; `external_labels` where a
// series has none of that name. Names that the format does not have are escaped with underscores. Thread-safe
// as `data` is.
std::string Federate(const storage::Queryable& data, std::span<const std::vector<Matcher>> selectors,
                     UnixMillis now, const Labels& external_labels);

// The same as a reply.
Scrape AnswerFederation(const storage::Queryable& data, std::span<const std::vector<Matcher>> selectors,
                        UnixMillis now, const Labels& external_labels);

}  // namespace sidelight::prometheus
