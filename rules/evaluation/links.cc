#include "rules/evaluation/links.h"

#include "rules/template/escape.h"

namespace sidelight::rules {

std::string QueryEscape(std::string_view text) {
  return text_template::EscapeQuery(text);
}

std::string TableLink(std::string_view expression) {
  return "/graph?g0.expr=" + QueryEscape(expression) + "&g0.tab=1";
}

std::string GraphLink(std::string_view expression) {
  return "/graph?g0.expr=" + QueryEscape(expression) + "&g0.tab=0";
}

}  // namespace sidelight::rules
