// /api/v1/rules and /api/v1/alerts, as Prometheus answers them.
//
// Errors are Problems whose code is Prometheus' errorType: bad_data (400) for what a parameter says.
//
// Source: https://prometheus.io/docs/prometheus/latest/querying/api/#rules .
#pragma once

#include <vector>

#include "core/http/message.h"
#include "rules/evaluation/status.h"
#include "src/api/problem.h"

namespace sidelight::api {

// Groups by file and name. Parameters choose: type (alert, record), rule_name[], rule_group[], file[],
// match[] (of the labels as the rule's definition has them); exclude_alerts leaves out the alerts;
// group_limit and group_next_token give a page at a time. A group of which no rule is left is left out.
Answer ListRules(const http::Request& request, std::vector<rules::GroupStatus> groups);

// The alerts of all rules that are pending or firing.
Answer ListAlerts(const std::vector<rules::GroupStatus>& groups);

}  // namespace sidelight::api
