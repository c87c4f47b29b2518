// Token: one word of an expression, as the lexer cuts it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "rules/promql/ast.h"

namespace sidelight::promql {

// Operators and aggregations stand in the order of BinaryOp and AggregateOp.
enum class TokenKind : uint8_t {
  kEnd,
  kError,  // `value` says what is wrong
  kIdentifier,
  kMetricIdentifier,  // one with a colon in it: a metric's name, never a label's
  kNumber,
  kDuration,
  kString,  // `value` is what it stands for
  kLeftParen,
  kRightParen,
  kLeftBrace,
  kRightBrace,
  kLeftBracket,
  kRightBracket,
  kComma,
  kColon,
  kAssign,         // =
  kRegexMatch,     // =~
  kRegexNotMatch,  // !~
  kAt,
  kAdd,
  kSub,
  kMul,
  kDiv,
  kMod,
  kPow,
  kAtan2,
  kEqual,
  kNotEqual,
  kLess,
  kLessOrEqual,
  kGreater,
  kGreaterOrEqual,
  kTrimUpper,
  kTrimLower,
  kAnd,
  kOr,
  kUnless,
  kSum,
  kAvg,
  kMin,
  kMax,
  kCount,
  kGroup,
  kStddev,
  kStdvar,
  kTopk,
  kBottomk,
  kCountValues,
  kQuantile,
  kLimitk,
  kLimitRatio,
  kOffset,
  kBy,
  kWithout,
  kOn,
  kIgnoring,
  kGroupLeft,
  kGroupRight,
  kBool,
  kAnchored,
  kSmoothed,
  kFill,
  kFillLeft,
  kFillRight,
  kStartWord,
  kEndWord,
  kStepWord,
  kRangeWord,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  Position position;
  std::string_view text;  // as written, in the expression's text
  std::string value;      // of kString and kError
};

inline bool IsBinaryOp(TokenKind kind) {
  return kind >= TokenKind::kAdd && kind <= TokenKind::kUnless;
}
inline bool IsAggregateOp(TokenKind kind) {
  return kind >= TokenKind::kSum && kind <= TokenKind::kLimitRatio;
}
// May stand for the name of a metric where an operand is expected.
bool IsMetricName(TokenKind kind);
// May stand for the name of a label where one is expected.
bool IsLabelName(TokenKind kind);
// The keyword that a word is, in any case of its letters; kIdentifier when it is none. "inf" and "nan" are
// numbers.
TokenKind KeywordKind(std::string_view word);
// As messages name it: `identifier "up"`, `<op:+>`, `end of input`.
std::string Describe(const Token& token);

}  // namespace sidelight::promql
