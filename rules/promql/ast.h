// The syntax tree of a PromQL expression: what the parser makes, the printer prints and the engine evaluates.
//
// A tree that was parsed is type-checked. The engine only reads it, so one tree may be evaluated by many
// threads. Depth is bounded by the parser (ParserOptions::max_depth), so walking it by recursion is safe.
//
// Source: https://prometheus.io/docs/prometheus/latest/querying/basics/ and .../operators/ .
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/model/matcher.h"

namespace sidelight::promql {

struct Signature;  // rules/promql/signature.h

// Bytes of the expression's text, end excluded.
struct Position {
  uint32_t start = 0;
  uint32_t end = 0;
};

enum class ValueType : uint8_t { kNone, kScalar, kVector, kMatrix, kString };
// As error messages say it: "scalar", "instant vector", "range vector", "string".
std::string_view ValueTypeName(ValueType type);

struct Expr {
  enum class Kind : uint8_t {
    kNumber,
    kString,
    kVectorSelector,
    kMatrixSelector,
    kSubquery,
    kCall,
    kAggregate,
    kBinary,
    kUnary,
    kParen,
  };

  explicit Expr(Kind k) : kind(k) {}
  virtual ~Expr() = default;
  Expr(const Expr&) = delete;
  Expr& operator=(const Expr&) = delete;

  const Kind kind;
  ValueType type = ValueType::kNone;
  Position position;
  // Its value is the same at every step of a range query, as everything in it is pinned with `@` or constant.
  bool step_invariant = false;
};
using ExprPtr = std::unique_ptr<Expr>;

struct NumberLiteral final : Expr {
  static constexpr Kind kKind = Kind::kNumber;
  NumberLiteral() : Expr(kKind) {}
  double value = 0;
  bool duration = false;  // written as one, "5m": its value is in seconds
};

struct StringLiteral final : Expr {
  static constexpr Kind kKind = Kind::kString;
  StringLiteral() : Expr(kKind) {}
  std::string value;
};

// Arithmetic on durations (experimental): `[5m * 2]`, `offset (step() + 5s)`. Numbers are seconds.
struct DurationExpr {
  enum class Op : uint8_t {
    kNumber,
    kNegate,  // of left
    kPlus,    // unary, of left
    kAdd,
    kSubtract,
    kMultiply,
    kDivide,
    kModulo,
    kPower,
    kStep,   // step()
    kRange,  // range()
    kMin,    // min_of(left, right)
    kMax,    // max_of(left, right)
  };
  Op op = Op::kNumber;
  double number = 0;
  std::unique_ptr<DurationExpr> left;
  std::unique_ptr<DurationExpr> right;
  bool parenthesized = false;
  bool duration = false;  // of kNumber: written as one, "5m"
  Position position;
};

// A duration as it is written: known at once, or by an expression that is reckoned when the query runs.
struct DurationValue {
  int64_t millis = 0;
  std::unique_ptr<DurationExpr> expr;  // null: millis is the value
};

// The `@` modifier.
struct AtModifier {
  enum class Kind : uint8_t { kNone, kTime, kStart, kEnd };
  Kind kind = Kind::kNone;
  UnixMillis time = 0;  // kTime
};

struct VectorSelector final : Expr {
  static constexpr Kind kKind = Kind::kVectorSelector;
  VectorSelector() : Expr(kKind) {}
  // How a range vector over it, or it itself, treats its ends (experimental).
  enum class Extension : uint8_t { kNone, kAnchored, kSmoothed };

  std::string name;               // "" unless written before the braces or as their quoted first item
  std::vector<Matcher> matchers;  // the name's included
  DurationValue offset;
  AtModifier at;
  Extension extension = Extension::kNone;
  // It is an argument that names labels and selects nothing itself (info's second): it may match everything.
  bool label_selector = false;
};

struct MatrixSelector final : Expr {
  static constexpr Kind kKind = Kind::kMatrixSelector;
  MatrixSelector() : Expr(kKind) {}
  std::unique_ptr<VectorSelector> selector;  // its offset, at and extension are those of the whole
  DurationValue range;
};

struct Subquery final : Expr {
  static constexpr Kind kKind = Kind::kSubquery;
  Subquery() : Expr(kKind) {}
  ExprPtr expr;
  DurationValue range;
  DurationValue step;
  bool has_step = false;  // else the engine's default
  DurationValue offset;
  AtModifier at;
};

struct Call final : Expr {
  static constexpr Kind kKind = Kind::kCall;
  Call() : Expr(kKind) {}
  const Signature* function = nullptr;  // lives as long as the process
  std::vector<ExprPtr> args;
};

enum class AggregateOp : uint8_t {
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
};
std::string_view AggregateOpName(AggregateOp op);

struct Aggregate final : Expr {
  static constexpr Kind kKind = Kind::kAggregate;
  Aggregate() : Expr(kKind) {}
  AggregateOp op = AggregateOp::kSum;
  ExprPtr expr;
  ExprPtr param;  // null where the operator takes none
  std::vector<std::string> grouping;
  bool without = false;
};

enum class BinaryOp : uint8_t {
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
  kTrimUpper,  // </
  kTrimLower,  // >/
  kAnd,
  kOr,
  kUnless,
};
std::string_view BinaryOpName(BinaryOp op);
inline bool IsComparison(BinaryOp op) {
  return op >= BinaryOp::kEqual && op <= BinaryOp::kGreaterOrEqual;
}
inline bool IsSetOperator(BinaryOp op) {
  return op >= BinaryOp::kAnd;
}

// How the series of two vectors find each other.
struct VectorMatching {
  enum class Cardinality : uint8_t { kOneToOne, kManyToOne, kOneToMany, kManyToMany };
  Cardinality cardinality = Cardinality::kOneToOne;
  bool on = false;  // `labels` are those that count; else those that do not (ignoring)
  std::vector<std::string> labels;
  std::vector<std::string> include;  // of group_left(...), group_right(...): copied from the "one" side
  std::optional<double> fill_left;   // experimental: stands in for the series that this side lacks
  std::optional<double> fill_right;
};

struct Binary final : Expr {
  static constexpr Kind kKind = Kind::kBinary;
  Binary() : Expr(kKind) {}
  BinaryOp op = BinaryOp::kAdd;
  ExprPtr left;
  ExprPtr right;
  bool return_bool = false;
  std::optional<VectorMatching> matching;  // when both sides are vectors
};

struct Unary final : Expr {
  static constexpr Kind kKind = Kind::kUnary;
  Unary() : Expr(kKind) {}
  bool negate = false;
  ExprPtr expr;
};

struct Paren final : Expr {
  static constexpr Kind kKind = Kind::kParen;
  Paren() : Expr(kKind) {}
  ExprPtr expr;
};

// The node as what its kind says it is.
template <class T>
const T& As(const Expr& expr) {
  return static_cast<const T&>(expr);
}
template <class T>
T& As(Expr& expr) {
  return static_cast<T&>(expr);
}
// nullptr when it is something else.
template <class T>
const T* TryAs(const Expr& expr) {
  return expr.kind == T::kKind ? static_cast<const T*>(&expr) : nullptr;
}

// The direct parts of a node, in the order of its text; for walks that treat most kinds alike.
std::vector<Expr*> Children(Expr& expr);
std::vector<const Expr*> Children(const Expr& expr);
// Without the parentheses around it.
const Expr& Unwrap(const Expr& expr);

}  // namespace sidelight::promql
