// The parameters match[]: series selectors, of which a series has to fit one.
#pragma once

#include <string>
#include <vector>

#include "core/model/matcher.h"
#include "src/api/problem.h"

namespace sidelight::api {

// One set of matchers for each text. A Problem of status 400, whose code is Prometheus' errorType bad_data
// and whose message is Prometheus' sentence, for one that is no selector.
tl::expected<std::vector<std::vector<Matcher>>, Problem> ReadSelectors(const std::vector<std::string>& texts);

}  // namespace sidelight::api
