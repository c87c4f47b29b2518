// Grammar: tokens -> syntax tree, not yet type-checked, by recursive descent with a bound on depth. One
// parser.cc call is one Grammar. The grammar_*.cc hold its rules; parser.cc is its way in from outside.
//
// The first error ends it: a rule that failed returns nothing (null, false), and error() says what was wrong.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/model/labels.h"
#include "rules/promql/ast.h"
#include "rules/promql/lexer.h"
#include "rules/promql/parser.h"

namespace sidelight::promql {

// "1:5: parse error: <what>", of a place in the text.
Error ParseError(std::string_view text, Position position, std::string_view what,
                 ErrorCode code = ErrorCode::kInvalidArgument);

class Grammar {
 public:
  Grammar(std::string_view text, const ParserOptions& options)
      : text_(text), options_(options), lexer_(text) {}

  // The whole text as an expression, or as a selector. Null: see error().
  ExprPtr WholeExpression();
  std::unique_ptr<VectorSelector> WholeSelector();
  // The start of the text as the labels of one series; `*end` is where it ends.
  std::optional<Labels> Metric(size_t* end);
  Error& error() { return *error_; }

 private:
  // A part of the tree with the number of nodes on its longest path: what is bounded. The arithmetic of a
  // duration has a bound of its own.
  struct Tree {
    ExprPtr expr;
    size_t height = 0;
    explicit operator bool() const { return expr != nullptr; }
  };
  struct DurationTree {
    std::unique_ptr<DurationExpr> expr;
    size_t height = 0;
    explicit operator bool() const { return expr != nullptr; }
  };
  // What messages say of a token that nothing in these surroundings can begin with.
  struct Surroundings {
    std::string_view where;
    std::string_view expected;
  };
  class Within;  // sets the surroundings for as long as it lives
  class Deeper;  // counts a level of recursion for as long as it lives

  // grammar_expression.cc
  Tree Expression(int lowest_level);
  Tree BinaryExpression(Tree left, int level);
  Tree Operand();
  Tree SignedOperand();
  Tree Primary();
  Tree WithSuffixes(Tree tree);
  Tree Number();
  Tree String();
  Tree Parenthesized();
  Tree FunctionCall();
  Tree Aggregation();
  bool Arguments(std::vector<ExprPtr>* args, size_t* height);
  Tree Finish(ExprPtr expr, Position position, size_t height);

  // grammar_matching.cc
  bool BinaryModifiers(Binary* binary);
  bool FillModifiers(VectorMatching* matching);
  bool GroupingLabels(std::vector<std::string>* labels);

  // grammar_suffixes.cc: what follows an expression
  Tree Brackets(Tree tree);
  Tree RangeOf(Tree tree, DurationValue range, Position bracket);
  bool Offset(Expr* expr);
  bool At(Expr* expr);
  bool Extend(Expr* expr);
  bool AtTime(Expr* expr, AtModifier* at);

  // grammar_duration.cc
  bool RangeDuration(DurationValue* duration);
  bool OffsetDuration(DurationValue* duration);
  DurationTree DurationSum(int lowest_level);
  DurationTree DurationTerm();
  DurationTree DurationCall(DurationExpr::Op op, bool two_arguments);
  DurationTree DurationNumber();
  bool Settle(DurationTree tree, bool positive, DurationValue* duration);

  // grammar_selector.cc
  std::unique_ptr<VectorSelector> Selector();
  bool LabelMatchers(VectorSelector* selector);
  bool NameMatcher(VectorSelector* selector, const Token& token, std::string name);
  bool LabelMatcher(VectorSelector* selector);
  bool MetricLabel(std::vector<std::pair<std::string, std::string>>* labels);

  // The value of a number or a duration, in seconds.
  std::optional<double> NumberValue(const Token& token);

  const Token& Peek(size_t ahead = 0);
  bool PeekIs(TokenKind kind, size_t ahead = 0) { return Peek(ahead).kind == kind; }
  Token Take();
  bool TakeIf(TokenKind kind);
  bool Expect(TokenKind kind, std::string_view where, std::string_view expected);
  bool Expect(TokenKind kind) { return Expect(kind, surroundings_.where, surroundings_.expected); }
  // Fails because of the next token. Both return false.
  bool Unexpected(std::string_view where, std::string_view expected);
  bool Unexpected() { return Unexpected(surroundings_.where, surroundings_.expected); }
  bool Fail(Position position, std::string_view what, ErrorCode code = ErrorCode::kInvalidArgument);
  bool FailTooDeep(Position position);

  const std::string_view text_;
  const ParserOptions& options_;
  Lexer lexer_;
  Token ahead_[2];
  size_t ahead_count_ = 0;
  uint32_t last_end_ = 0;  // of the token that was taken last
  size_t depth_ = 0;
  size_t regex_size_ = 0;  // of the programs of all regular expressions so far
  Surroundings surroundings_;
  std::optional<Error> error_;
};

class Grammar::Within {
 public:
  Within(Grammar* grammar, std::string_view where, std::string_view expected)
      : grammar_(*grammar), before_(grammar->surroundings_) {
    grammar_.surroundings_ = {where, expected};
  }
  ~Within() { grammar_.surroundings_ = before_; }
  Within(const Within&) = delete;
  Within& operator=(const Within&) = delete;

 private:
  Grammar& grammar_;
  const Surroundings before_;
};

class Grammar::Deeper {
 public:
  explicit Deeper(Grammar* grammar) : grammar_(*grammar) { ++grammar_.depth_; }
  ~Deeper() { --grammar_.depth_; }
  Deeper(const Deeper&) = delete;
  Deeper& operator=(const Deeper&) = delete;
  bool TooDeep() const { return grammar_.depth_ > grammar_.options_.max_depth; }

 private:
  Grammar& grammar_;
};

}  // namespace sidelight::promql
