#include "rules/promql/type_check.h"

#include <algorithm>
#include <string>

#include "rules/promql/grammar.h"
#include "rules/promql/printer.h"
#include "rules/promql/signature.h"

namespace sidelight::promql {
namespace {

bool IsSpace(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

std::string Name(ValueType type) {
  return std::string(ValueTypeName(type));
}

// As the HTTP API names them; this is what this one message says.
std::string ShortName(ValueType type) {
  if (type == ValueType::kMatrix) return "matrix";
  return type == ValueType::kVector ? "vector" : Name(type);
}

// The first label that is in both; nullptr: none is.
const std::string* FirstCommon(const std::vector<std::string>& labels,
                               const std::vector<std::string>& others) {
  std::vector<std::string_view> sorted(others.begin(), others.end());
  std::sort(sorted.begin(), sorted.end());
  const auto found = std::find_if(labels.begin(), labels.end(), [&](const std::string& label) {
    return std::binary_search(sorted.begin(), sorted.end(), std::string_view(label));
  });
  return found == labels.end() ? nullptr : &*found;
}

class TypeChecker {
 public:
  explicit TypeChecker(std::string_view text) : text_(text) {}

  Status Check(Expr& expr) {
    switch (expr.kind) {
      case Expr::Kind::kVectorSelector:
        return CheckSelector(As<VectorSelector>(expr));
      case Expr::Kind::kMatrixSelector:
        return CheckSelector(*As<MatrixSelector>(expr).selector);
      case Expr::Kind::kSubquery:
        return CheckSubquery(As<Subquery>(expr));
      case Expr::Kind::kCall:
        return CheckCall(As<Call>(expr));
      case Expr::Kind::kAggregate:
        return CheckAggregate(As<Aggregate>(expr));
      case Expr::Kind::kBinary:
        return CheckBinary(As<Binary>(expr));
      case Expr::Kind::kUnary:
        return CheckUnary(As<Unary>(expr));
      case Expr::Kind::kParen:
        return Check(*As<Paren>(expr).expr);
      case Expr::Kind::kNumber:
      case Expr::Kind::kString:
        break;
    }
    return {};
  }

 private:
  tl::unexpected<Error> FailAt(Position position, std::string_view what) const {
    return tl::unexpected<Error>(ParseError(text_, position, what));
  }

  Status Expect(Expr& expr, ValueType wanted, std::string_view where) {
    if (Status status = Check(expr); !status) return status;
    if (expr.type == wanted) return {};
    return FailAt(expr.position,
                  "expected type " + Name(wanted) + " in " + std::string(where) + ", got " + Name(expr.type));
  }

  Status CheckSelector(const VectorSelector& selector) const {
    const auto is_name = [](const Matcher& matcher) { return matcher.name() == "__name__"; };
    if (!selector.name.empty()) {
      for (const Matcher& matcher : selector.matchers) {
        const bool own = matcher.type() == Matcher::Type::kEqual && matcher.value() == selector.name;
        if (!is_name(matcher) || (own && &matcher == FirstName(selector))) continue;
        return FailAt(selector.position, "metric name must not be set twice: " + Quote(selector.name) +
                                             " or " + Quote(matcher.value()));
      }
      return {};
    }
    if (selector.label_selector) return {};
    const bool selects = std::any_of(selector.matchers.begin(), selector.matchers.end(),
                                     [](const Matcher& matcher) { return !matcher.Matches(""); });
    if (selects) return {};
    return FailAt(selector.position, "vector selector must contain at least one non-empty matcher");
  }

  static const Matcher* FirstName(const VectorSelector& selector) {
    for (const Matcher& matcher : selector.matchers) {
      const bool own = matcher.name() == "__name__" && matcher.type() == Matcher::Type::kEqual &&
                       matcher.value() == selector.name;
      if (own) return &matcher;
    }
    return nullptr;
  }

  Status CheckSubquery(Subquery& subquery) {
    if (Status status = Check(*subquery.expr); !status) return status;
    if (subquery.expr->type == ValueType::kVector) return {};
    return FailAt(subquery.position, "subquery is only allowed on instant vector, got " +
                                         ShortName(subquery.expr->type) + " instead");
  }

  Status CheckUnary(Unary& unary) {
    if (Status status = Check(*unary.expr); !status) return status;
    if (unary.expr->type == ValueType::kScalar || unary.expr->type == ValueType::kVector) return {};
    return FailAt(unary.position,
                  "unary expression only allowed on expressions of type scalar or instant vector, got \"" +
                      Name(unary.expr->type) + "\"");
  }

  Status CheckAggregate(Aggregate& aggregate) {
    if (Status s = Expect(*aggregate.expr, ValueType::kVector, "aggregation expression"); !s) return s;
    if (aggregate.param == nullptr) return {};
    const bool string = aggregate.op == AggregateOp::kCountValues;
    return Expect(*aggregate.param, string ? ValueType::kString : ValueType::kScalar,
                  "aggregation parameter");
  }

  Status CheckCall(Call& call) {
    const Signature& function = *call.function;
    const std::string name = Quote(function.name);
    const size_t wanted = function.args.size();
    const size_t got = call.args.size();
    const auto fail = [&](std::string_view how, size_t count) {
      return FailAt(call.position, "expected " + std::string(how) + std::to_string(count) +
                                       " argument(s) in call to " + name + ", got " + std::to_string(got));
    };
    if (function.variadic == 0) {
      if (got != wanted) return fail("", wanted);
    } else {
      if (got + 1 < wanted) return fail("at least ", wanted - 1);
      const size_t most = wanted - 1 + static_cast<size_t>(std::max(function.variadic, 0));
      if (function.variadic > 0 && got > most) return fail("at most ", most);
    }
    const std::string where = "call to function " + name;
    if (function.name == "info" && got > 1) {
      if (Status status = MakeLabelSelector(*call.args[1], where); !status) return status;
    }
    for (size_t i = 0; i < got; ++i) {
      if (Status s = Expect(*call.args[i], function.args[std::min(i, wanted - 1)], where); !s) return s;
    }
    return {};
  }

  // The second argument of info() says which labels are wanted, and selects no metric of its own.
  Status MakeLabelSelector(Expr& arg, std::string_view where) const {
    if (arg.type != ValueType::kVector) {
      return FailAt(arg.position, "expected type " + Name(ValueType::kVector) + " in " + std::string(where) +
                                      ", got " + Name(arg.type));
    }
    if (arg.kind != Expr::Kind::kVectorSelector || text_[arg.position.start] != '{') {
      return FailAt(arg.position, "expected label selectors only, got vector selector instead");
    }
    As<VectorSelector>(arg).label_selector = true;
    return {};
  }

  // The operator with what belongs to it: what stands between the operands.
  Position OperatorOf(const Binary& binary) const {
    Position position{binary.left->position.end, binary.right->position.start};
    while (position.start < position.end && IsSpace(text_[position.start])) ++position.start;
    while (position.end > position.start && IsSpace(text_[position.end - 1])) --position.end;
    return position;
  }

  Status CheckBinary(Binary& binary) {
    if (Status status = Check(*binary.left); !status) return status;
    if (Status status = Check(*binary.right); !status) return status;
    const ValueType left = binary.left->type;
    const ValueType right = binary.right->type;
    const bool comparison = IsComparison(binary.op);
    if (binary.return_bool && !comparison) {
      return FailAt(OperatorOf(binary), "bool modifier can only be used on comparison operators");
    }
    if (comparison && !binary.return_bool && left == ValueType::kScalar && right == ValueType::kScalar) {
      return FailAt(OperatorOf(binary), "comparisons between scalars must use BOOL modifier");
    }
    const VectorMatching& matching = *binary.matching;
    if (const std::string* common = FirstCommon(matching.labels, matching.include);
        matching.on && common != nullptr) {
      return FailAt(OperatorOf(binary),
                    "label " + Quote(*common) + " must not occur in ON and GROUP clause at once");
    }
    for (const Expr* side : {binary.left.get(), binary.right.get()}) {
      if (side->type == ValueType::kScalar || side->type == ValueType::kVector) continue;
      return FailAt(side->position, "binary expression must contain only scalar and instant vector types");
    }
    return CheckMatching(&binary);
  }

  Status CheckMatching(Binary* binary) const {
    const VectorMatching& matching = *binary->matching;
    const bool vectors =
        binary->left->type == ValueType::kVector && binary->right->type == ValueType::kVector;
    const bool set = IsSetOperator(binary->op);
    const std::string name = Quote(BinaryOpName(binary->op));
    const bool fills = matching.fill_left || matching.fill_right;
    if (!vectors && !matching.labels.empty()) {
      return FailAt(binary->position, "vector matching only allowed between instant vectors");
    }
    if (vectors && set && matching.cardinality != VectorMatching::Cardinality::kManyToMany) {
      return FailAt(binary->position, "no grouping allowed for " + name + " operation");
    }
    if (!vectors && set) {
      return FailAt(binary->position, "set operator " + name + " not allowed in binary scalar expression");
    }
    if (fills && set) {
      return FailAt(binary->position, "filling in missing series not allowed for set operators");
    }
    if (fills && !vectors) {
      return FailAt(binary->position, "filling in missing series only allowed between instant vectors");
    }
    if (!vectors) binary->matching.reset();
    return {};
  }

  const std::string_view text_;
};

}  // namespace

Status CheckTypes(Expr& expr, std::string_view text) {
  return TypeChecker(text).Check(expr);
}

}  // namespace sidelight::promql
