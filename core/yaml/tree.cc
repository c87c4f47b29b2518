#include "core/yaml/tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "core/yaml/environment.h"

namespace sidelight::yaml {

Tree::Tree(std::string name, std::string text, Document::Options the_options)
    : source(std::move(name), std::move(text), {the_options.first_line - 1, the_options.first_column - 1}),
      options(std::move(the_options)) {
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

void Tree::Warn(Place place, std::string message) {
  if (warnings.size() < options.max_errors) warnings.push_back({place, std::move(message)});
}

void Tree::Hide(int id) {
  if (values[id].hidden) return;
  values[id].hidden = true;
  // The values stand in the order of the file, but for what an alias names, which stands before it.
  int last = id;
  while (!values[last].children.empty() && values[last].children.back() > last) {
    last = values[last].children.back();
  }
  const bool at_end = static_cast<size_t>(last) + 1 == values.size();
  const Place end = at_end ? Place{std::numeric_limits<int>::max(), 0} : values[last + 1].place;
  secrets.push_back({values[id].place, end});
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
    text += source.Render(problem, secrets);
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
