// Matcher: one condition on a label of a series, as in `{job="api", route=~"/api/.*"}`. A label that is
// absent has the value "".
//
// Regular expressions are RE2's and anchored at both ends, as in Prometheus. Thread-safe as a value: copies
// share the compiled expression.
#pragma once

#include <re2/re2.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/model/labels.h"

namespace sidelight {

class Matcher {
 public:
  enum class Type : uint8_t { kEqual, kNotEqual, kRegex, kNotRegex };

  // kInvalidArgument when the expression does not compile (or is too large); the message is RE2's.
  static Result<Matcher> Make(Type type, std::string name, std::string value);

  Type type() const { return type_; }
  const std::string& name() const { return name_; }
  const std::string& value() const { return value_; }
  bool Matches(std::string_view value) const;

  // What a regular expression comes down to, so that an index can look values up instead of trying each:
  // the literals of `a|b|c` (then these are all that it takes), and the literal that every match begins with.
  const std::vector<std::string>& literals() const { return literals_; }  // empty: not a set of literals
  const std::string& prefix() const { return prefix_; }                   // "" : none

  // Instructions of the compiled expression, of some 16 bytes each; 0 without one. For those who take many
  // from outside and must bound what they hold.
  size_t program_size() const { return regex_ == nullptr ? 0 : static_cast<size_t>(regex_->ProgramSize()); }

  // `job=~"a.*"`, the value quoted as Go quotes.
  std::string ToString() const;

  friend bool operator==(const Matcher& a, const Matcher& b) {
    return a.type_ == b.type_ && a.name_ == b.name_ && a.value_ == b.value_;
  }

 private:
  Matcher() = default;

  Type type_ = Type::kEqual;
  std::string name_;
  std::string value_;
  std::shared_ptr<const RE2> regex_;
  std::vector<std::string> literals_;
  std::string prefix_;
};

// Whether all of them match the labels.
bool MatchesAll(const std::vector<Matcher>& matchers, const Labels& labels);

// The operator: "=", "!=", "=~", "!~".
std::string_view MatcherOperator(Matcher::Type type);

}  // namespace sidelight
