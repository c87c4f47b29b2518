#include "collector/meter/learned_routes.h"

#include <algorithm>

namespace sidelight::meter {
namespace {

// A session or matrix parameter (";jsessionid=...") names no resource.
std::string_view WithoutParameters(std::string_view segment) {
  return segment.substr(0, segment.find(';'));
}

}  // namespace

int LearnedRoutes::Node::Literal(std::string_view segment) const {
  for (const auto& [name, child] : literals) {
    if (name == segment) return child;
  }
  return kNone;
}

int LearnedRoutes::AddNode() {
  nodes_.emplace_back();
  return static_cast<int>(nodes_.size()) - 1;
}

int LearnedRoutes::Find(const PathSegments& path) const {
  const auto segments = path.segments();
  const size_t depth = std::min(segments.size(), limits_.depth);
  // The literal child is tried before {id}; what is left to try waits here, at most one branch for each
  // level.
  struct Branch {
    int node;
    size_t at;
  };
  std::vector<Branch> branches = {{0, 0}};
  while (!branches.empty()) {
    const auto [index, at] = branches.back();
    branches.pop_back();
    const Node& node = nodes_[index];
    if (at == depth) {
      const int found = segments.size() > depth ? node.rest : node.end;
      if (found != kNone) return found;
      continue;
    }
    if (node.value != kNone) branches.push_back({node.value, at + 1});
    const int literal = node.Literal(WithoutParameters(segments[at]));
    if (literal != kNone) branches.push_back({literal, at + 1});
  }
  return kNone;
}

int LearnedRoutes::Resolve(const PathSegments& path, Learning learning) {
  if (!path.is_path()) return kNone;
  if (learning == Learning::kNothing) return Find(path);

  const auto segments = path.segments();
  const size_t depth = std::min(segments.size(), limits_.depth);
  const bool full = templates_.size() >= limits_.templates;
  std::string text;
  int at = 0;
  for (size_t i = 0; i < depth; ++i) {
    const std::string_view segment = WithoutParameters(segments[i]);
    int next = nodes_[at].Literal(segment);
    if (next != kNone) {
      text.append("/").append(segment);
      at = next;
      continue;
    }
    const bool has_place = nodes_[at].literals.size() < limits_.children;
    if (has_place && !segment.empty() && !LooksLikeValue(segment)) {
      const bool little = learning == Learning::kLittle;
      if (full || (little && nodes_[at].little >= limits_.children / 2)) return Find(path);
      next = AddNode();
      nodes_[at].literals.emplace_back(segment, next);
      if (little) ++nodes_[at].little;
      text.append("/").append(segment);
    } else {
      next = nodes_[at].value;
      if (next == kNone) {
        if (full) return Find(path);
        next = AddNode();
        nodes_[at].value = next;
      }
      text.append("/{id}");
    }
    at = next;
  }
  const bool goes_on = segments.size() > depth;
  int& found = goes_on ? nodes_[at].rest : nodes_[at].end;
  if (found != kNone || full) return found != kNone ? found : Find(path);
  if (goes_on) text.append("/{rest...}");
  if (text.empty()) text.push_back('/');
  templates_.push_back(std::move(text));
  found = static_cast<int>(templates_.size()) - 1;
  return found;
}

}  // namespace sidelight::meter
