// LearnedRoutes: the templates that a tap has found out by itself, for paths that no configured route
// matches.
//
// A tree of path segments. A segment that looks like a value (path.h) goes to its parent's {id}; any other
// gets a place of its own until its parent has `children` of them, and from then on a new one is an {id} too.
// Places that were given stay, so series that exist keep their names. Below `depth` segments everything is
// {rest...}.
//
// Not thread-safe: its owner (routes.h) guards it. Memory is bounded by `templates`; nothing is forgotten.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "collector/meter/path.h"

namespace sidelight::meter {

// What an answer allows for its path, in rising order.
enum class Learning : uint8_t {
  kNothing,  // 404 or no answer: only a template that is known already
  kLittle,   // another 4xx: a new one, from half of the places, lest a scanner that is turned away takes them
             // all
  kFreely,   // anything else
};

class LearnedRoutes {
 public:
  struct Limits {
    size_t children = 10;
    size_t depth = 8;
    size_t templates = 1000;
  };

  explicit LearnedRoutes(Limits limits) : limits_(limits), nodes_(1) {}

  // The index of the path's template, or -1 where none is known and none may be made. Indices count up from
  // 0.
  int Resolve(const PathSegments& path, Learning learning);
  // "/users/{id}"; `index` < size().
  const std::string& text(int index) const { return templates_[index]; }
  size_t size() const { return templates_.size(); }

 private:
  static constexpr int kNone = -1;

  struct Node {
    std::vector<std::pair<std::string, int>> literals;
    size_t little = 0;  // of the literals, those that a kLittle brought
    int value = kNone;  // the child of {id}
    int end = kNone;    // the template of the path that ends here
    int rest = kNone;   // the template of the paths that go on below the depth
    int Literal(std::string_view segment) const;
  };

  int Find(const PathSegments& path) const;
  int AddNode();

  const Limits limits_;
  std::vector<Node> nodes_;  // the root is the first
  std::vector<std::string> templates_;
};

}  // namespace sidelight::meter
