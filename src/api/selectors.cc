#include "src/api/selectors.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "rules/promql/parser.h"
#include "src/api/request_parameters.h"

namespace sidelight::api {
namespace {

constexpr size_t kMostSelectors = 1000;
// Instructions of all compiled regular expressions together, some 16 bytes each: as much as one PromQL
// expression may have.
constexpr size_t kMaxRegexSize = 1'000'000;

size_t RegexSize(const std::vector<Matcher>& matchers) {
  return std::accumulate(matchers.begin(), matchers.end(), size_t{0},
                         [](size_t size, const Matcher& matcher) { return size + matcher.program_size(); });
}

void AddSelectors(const promql::Expr& expr, Selectors* selectors) {
  if (const auto* const selector = promql::TryAs<promql::VectorSelector>(expr)) {
    selectors->push_back(selector->matchers);
  }
  for (const promql::Expr* const part : promql::Children(expr)) AddSelectors(*part, selectors);
}

}  // namespace

tl::expected<Selectors, Problem> ReadSelectors(const std::vector<std::string>& texts) {
  if (texts.size() > kMostSelectors) {
    return BadData(
        fmt::format("there are {} match[], and at most {} are taken", texts.size(), kMostSelectors));
  }
  Selectors selectors;
  size_t regex_size = 0;
  for (const std::string& text : texts) {
    Result<std::vector<Matcher>> selector = promql::ParseSelector(text);
    if (!selector) {
      // Prometheus has a sentence of its own for this in match[].
      if (selector.error().message.ends_with("must contain at least one non-empty matcher")) {
        return BadData("match[] must contain at least one non-empty matcher");
      }
      return BadData(std::move(selector.error().message));
    }
    regex_size += RegexSize(*selector);
    if (regex_size > kMaxRegexSize) {
      return BadData("the regular expressions of the match[] are too large, all of them together");
    }
    selectors.push_back(*std::move(selector));
  }
  return selectors;
}

tl::expected<Selectors, Problem> SelectorsOf(const promql::Expr& expr) {
  Selectors selectors;
  AddSelectors(expr, &selectors);
  if (selectors.size() <= kMostSelectors) return selectors;
  return BadData(
      fmt::format("the query has {} selectors, and at most {} are taken", selectors.size(), kMostSelectors));
}

}  // namespace sidelight::api
