// The answers of Catalog as JSON, written straight into a string: {"status":"success","data":[...]}, and
// where the list was cut at the request's limit, Prometheus' warning. kLimit when it would be larger than
// `max_bytes`.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/model/labels.h"
#include "core/storage/store.h"

namespace sidelight::api {

Result<std::string> WriteTexts(const std::vector<std::string>& texts, bool cut, size_t max_bytes);
Result<std::string> WriteSeries(const std::vector<Labels>& series, bool cut, size_t max_bytes);
// Of each series {"seriesLabels":{...},"exemplars":[{"labels":{...},"value":"1.5","timestamp":1.5},...]}.
Result<std::string> WriteExemplars(const std::vector<storage::Store::SeriesExemplars>& series,
                                   size_t max_bytes);

}  // namespace sidelight::api
