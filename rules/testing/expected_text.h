// What a test expects of an error or an annotation: that there is one, its whole text, or a pattern in it.
#pragma once

#include <re2/re2.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"

namespace sidelight::promqltest {

class ExpectedText {
 public:
  static ExpectedText Any();
  static ExpectedText Whole(std::string text);
  // RE2's syntax, found anywhere in the text. kInvalidArgument when it does not compile.
  static Result<ExpectedText> Pattern(const std::string& pattern);

  bool Matches(std::string_view text) const;
  // The same, where a whole text that is expected and the one that came may differ in the " (line:column)" at
  // their ends.
  bool MatchesWithoutPosition(std::string_view text) const;

  // For messages: `"text"`, `/pattern/`, or "any".
  std::string ToString() const;

 private:
  enum class Kind { kAny, kWhole, kPattern };
  Kind kind_ = Kind::kAny;
  std::string text_;
  std::shared_ptr<const RE2> pattern_;
};

// What a test expects of the warnings, or of the infos, of a query. With neither, they are not looked at.
struct ExpectedAnnotations {
  std::vector<ExpectedText> some;  // each matches one at least, and there is none that no one matches
  bool none = false;
};

}  // namespace sidelight::promqltest
