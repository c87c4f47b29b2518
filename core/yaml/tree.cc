#include "core/yaml/tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/yaml/environment.h"

namespace sidelight::yaml {

Tree::Tree(std::string name, std::string text, Document::Options the_options)
    : source(std::move(name), std::move(text)), options(std::move(the_options)) {
  if (!options.environment) options.environment = ProcessEnvironment;
}

void Tree::Fail(Place place, std::string message) {
  // Two rooms may read one value; it is wrong only once.
  for (const Problem& problem : problems) {
    if (problem.place == place && problem.message == message) return;
  }
  if (Full()) {
    ++unlisted;
    return;
  }
  problems.push_back({place, std::move(message)});
}

Status Tree::status() const {
  if (unreadable) return tl::unexpected<Error>(*unreadable);
  if (problems.empty()) return {};
  std::vector<Problem> sorted = problems;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Problem& a, const Problem& b) { return a.place < b.place; });
  std::string text;
  for (const Problem& problem : sorted) {
    if (!text.empty()) text += '\n';
    text += source.Render(problem);
  }
  if (unlisted > 0)
    text += fmt::format("\n{}: {} more error{}", source.name(), unlisted, unlisted == 1 ? "" : "s");
  return sidelight::Fail(ErrorCode::kInvalidArgument, std::move(text));
}

std::string_view Describe(Kind kind) {
  switch (kind) {
    case Kind::kNull:
      return "nothing";
    case Kind::kScalar:
      return "a single value";
    case Kind::kSequence:
      return "a list";
    case Kind::kMapping:
      return "a mapping";
    case Kind::kBroken:
      return "a broken value";
  }
  return "";
}

}  // namespace sidelight::yaml
