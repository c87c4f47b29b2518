#include "rules/testing/expected_text.h"

#include <utility>

namespace sidelight::promqltest {
namespace {

std::string_view WithoutPosition(std::string_view text) {
  static const RE2 position(" \\([0-9]+:[0-9]+\\)$");
  re2::StringPiece match;
  if (!position.Match(text, 0, text.size(), RE2::UNANCHORED, &match, 1)) return text;
  return text.substr(0, text.size() - match.size());
}

}  // namespace

ExpectedText ExpectedText::Any() {
  return {};
}

ExpectedText ExpectedText::Whole(std::string text) {
  ExpectedText expected;
  expected.kind_ = Kind::kWhole;
  expected.text_ = std::move(text);
  return expected;
}

Result<ExpectedText> ExpectedText::Pattern(const std::string& pattern) {
  ExpectedText expected;
  expected.kind_ = Kind::kPattern;
  expected.text_ = pattern;
  RE2::Options options;
  options.set_log_errors(false);
  auto compiled = std::make_shared<RE2>(pattern, options);
  if (!compiled->ok()) {
    return Fail(ErrorCode::kInvalidArgument, "the pattern /" + pattern + "/ is wrong: " + compiled->error());
  }
  expected.pattern_ = std::move(compiled);
  return expected;
}

bool ExpectedText::Matches(std::string_view text) const {
  switch (kind_) {
    case Kind::kAny:
      break;
    case Kind::kWhole:
      return text == text_;
    case Kind::kPattern:
      return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *pattern_);
  }
  return true;
}

bool ExpectedText::MatchesWithoutPosition(std::string_view text) const {
  if (kind_ != Kind::kWhole) return Matches(text);
  return WithoutPosition(text) == WithoutPosition(text_);
}

std::string ExpectedText::ToString() const {
  switch (kind_) {
    case Kind::kAny:
      break;
    case Kind::kWhole:
      return '"' + text_ + '"';
    case Kind::kPattern:
      return '/' + text_ + '/';
  }
  return "any";
}

}  // namespace sidelight::promqltest
