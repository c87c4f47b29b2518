// RoutePattern: one entry of a tap's `routes:` or `ignore:`, such as "/api/v1/orders/{id}".
//
// A pattern starts with '/' and has one segment between slashes: a literal, or {name}, which stands for any
// one segment that is not empty. The last segment may also be `*` or {name...}: whatever follows, nothing
// included. Literals are compared with the path's segment after percent-decoding, byte by byte. A slash at
// the end means nothing, neither in a pattern nor in a path: "/orders/" and "/orders" are the same.
//
// Immutable, so any thread may match.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "collector/meter/path.h"
#include "core/base/error.h"

namespace sidelight::meter {

class RoutePattern {
 public:
  // kInvalidArgument with a sentence that says what is wrong and what a pattern looks like.
  static Result<RoutePattern> Parse(std::string_view text);

  // As it was written: the value of http.route.
  const std::string& text() const { return text_; }
  bool Matches(const PathSegments& path) const;

  // Both match exactly the same paths: "/a/{x}" and "/a/{y}".
  bool SamePaths(const RoutePattern& other) const;
  // Whether this one is tried before the other: from the left, a literal goes before a parameter and a
  // parameter before the rest of a path.
  bool MoreSpecificThan(const RoutePattern& other) const;

  friend bool operator==(const RoutePattern&, const RoutePattern&) = default;

 private:
  enum class Kind : char { kLiteral, kParameter, kRest };
  struct Segment {
    Kind kind = Kind::kLiteral;
    std::string literal;  // percent-decoded; empty for the other kinds
    friend bool operator==(const Segment&, const Segment&) = default;
  };

  std::string text_;
  std::vector<Segment> segments_;
};

}  // namespace sidelight::meter
