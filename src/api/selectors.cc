#include "src/api/selectors.h"

#include <utility>

#include "rules/promql/parser.h"

namespace sidelight::api {

tl::expected<std::vector<std::vector<Matcher>>, Problem> ReadSelectors(
    const std::vector<std::string>& texts) {
  std::vector<std::vector<Matcher>> selectors;
  for (const std::string& text : texts) {
    Result<std::vector<Matcher>> selector = promql::ParseSelector(text);
    if (!selector) {
      // Prometheus has a sentence of its own for this in match[].
      if (selector.error().message.ends_with("must contain at least one non-empty matcher")) {
        return Refuse(400, "bad_data", "match[] must contain at least one non-empty matcher");
      }
      return Refuse(400, "bad_data", std::move(selector.error().message));
    }
    selectors.push_back(*std::move(selector));
  }
  return selectors;
}

}  // namespace sidelight::api
