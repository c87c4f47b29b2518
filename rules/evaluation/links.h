// Where people look at an expression: the path of Prometheus' web pages, behind an external URL.
#pragma once

#include <string>
#include <string_view>

namespace sidelight::rules {

// "/graph?g0.expr=...&g0.tab=1", the result as a table.
std::string TableLink(std::string_view expression);
// "/graph?g0.expr=...&g0.tab=0", as a graph.
std::string GraphLink(std::string_view expression);
// As Go's url.QueryEscape: a space is '+', and all but letters, digits and -_.~ is %XX.
std::string QueryEscape(std::string_view text);

}  // namespace sidelight::rules
