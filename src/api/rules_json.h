// Rules and alerts as JSON, written straight into a string, in the form of Prometheus' API. Spans of time are
// seconds, moments RFC 3339 in UTC; what was never evaluated has the moment "0001-01-01T00:00:00Z". A rule or
// an alert that is held has "held":true besides, which Prometheus does not know.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rules/evaluation/status.h"

namespace sidelight::api {

// {"status":"success","data":{"groups":[...]}}, with "groupNextToken" when it is not "".
std::string WriteRules(const std::vector<rules::GroupStatus>& groups, bool exclude_alerts,
                       std::string_view next_token);

// {"status":"success","data":{"alerts":[...]}}
std::string WriteAlerts(const std::vector<rules::GroupStatus>& groups);

}  // namespace sidelight::api
