#include "rules/promql/ast.h"

#include <array>

namespace sidelight::promql {
namespace {

// Expr is `const Expr` or `Expr`.
template <class E>
std::vector<E*> Parts(E& expr) {
  switch (expr.kind) {
    case Expr::Kind::kMatrixSelector:
      return {As<MatrixSelector>(expr).selector.get()};
    case Expr::Kind::kSubquery:
      return {As<Subquery>(expr).expr.get()};
    case Expr::Kind::kCall: {
      std::vector<E*> args;
      for (const ExprPtr& arg : As<Call>(expr).args) args.push_back(arg.get());
      return args;
    }
    case Expr::Kind::kAggregate: {
      auto& aggregate = As<Aggregate>(expr);
      if (aggregate.param == nullptr) return {aggregate.expr.get()};
      return {aggregate.param.get(), aggregate.expr.get()};
    }
    case Expr::Kind::kBinary:
      return {As<Binary>(expr).left.get(), As<Binary>(expr).right.get()};
    case Expr::Kind::kUnary:
      return {As<Unary>(expr).expr.get()};
    case Expr::Kind::kParen:
      return {As<Paren>(expr).expr.get()};
    case Expr::Kind::kNumber:
    case Expr::Kind::kString:
    case Expr::Kind::kVectorSelector:
      break;
  }
  return {};
}

}  // namespace

std::string_view ValueTypeName(ValueType type) {
  switch (type) {
    case ValueType::kScalar:
      return "scalar";
    case ValueType::kVector:
      return "instant vector";
    case ValueType::kMatrix:
      return "range vector";
    case ValueType::kString:
      return "string";
    case ValueType::kNone:
      break;
  }
  return "none";
}

std::string_view AggregateOpName(AggregateOp op) {
  static constexpr auto kNames = std::to_array<std::string_view>(
      {"sum", "avg", "min", "max", "count", "group", "stddev", "stdvar", "topk", "bottomk", "count_values",
       "quantile", "limitk", "limit_ratio"});
  return kNames[static_cast<size_t>(op)];
}

std::string_view BinaryOpName(BinaryOp op) {
  static constexpr auto kNames =
      std::to_array<std::string_view>({"+", "-", "*", "/", "%", "^", "atan2", "==", "!=", "<", "<=", ">",
                                       ">=", "</", ">/", "and", "or", "unless"});
  return kNames[static_cast<size_t>(op)];
}

std::vector<Expr*> Children(Expr& expr) {
  return Parts<Expr>(expr);
}

std::vector<const Expr*> Children(const Expr& expr) {
  return Parts<const Expr>(expr);
}

const Expr& Unwrap(const Expr& expr) {
  const Expr* inner = &expr;
  while (inner->kind == Expr::Kind::kParen) inner = As<Paren>(*inner).expr.get();
  return *inner;
}

}  // namespace sidelight::promql
