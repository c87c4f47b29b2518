#include "src/api/syntax_json.h"

#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "core/base/float_text.h"
#include "rules/promql/signature.h"
#include "src/api/query_json.h"

namespace sidelight::api {
namespace {

using promql::As;
using promql::AtModifier;
using promql::Expr;
using promql::ValueType;
using promql::VectorMatching;
using promql::VectorSelector;

std::string_view TypeWord(ValueType type) {
  switch (type) {
    case ValueType::kScalar:
      return "scalar";
    case ValueType::kVector:
      return "vector";
    case ValueType::kMatrix:
      return "matrix";
    case ValueType::kString:
      return "string";
    case ValueType::kNone:
      break;
  }
  return "none";
}

std::string_view CardinalityWord(VectorMatching::Cardinality cardinality) {
  switch (cardinality) {
    case VectorMatching::Cardinality::kOneToOne:
      return "one-to-one";
    case VectorMatching::Cardinality::kManyToOne:
      return "many-to-one";
    case VectorMatching::Cardinality::kOneToMany:
      return "one-to-many";
    case VectorMatching::Cardinality::kManyToMany:
      break;
  }
  return "many-to-many";
}

int64_t Known(const promql::DurationValue& duration) {
  return duration.expr == nullptr ? duration.millis : 0;
}

class TreeWriter {
 public:
  TreeWriter(std::string_view query, std::string* out) : query_(query), out_(*out) {}

  void Write(const Expr& expr) {
    out_ += '{';
    Text("type", TypeOf(expr));
    WriteFields(expr);
    out_ += '}';
  }

 private:
  static std::string_view TypeOf(const Expr& expr) {
    switch (expr.kind) {
      case Expr::Kind::kAggregate:
        return "aggregation";
      case Expr::Kind::kBinary:
        return "binaryExpr";
      case Expr::Kind::kCall:
        return "call";
      case Expr::Kind::kMatrixSelector:
        return "matrixSelector";
      case Expr::Kind::kNumber:
        return "numberLiteral";
      case Expr::Kind::kParen:
        return "parenExpr";
      case Expr::Kind::kString:
        return "stringLiteral";
      case Expr::Kind::kSubquery:
        return "subquery";
      case Expr::Kind::kUnary:
        return "unaryExpr";
      case Expr::Kind::kVectorSelector:
        break;
    }
    return "vectorSelector";
  }

  void WriteFields(const Expr& expr) {
    switch (expr.kind) {
      case Expr::Kind::kAggregate:
        return Fields(As<promql::Aggregate>(expr));
      case Expr::Kind::kBinary:
        return Fields(As<promql::Binary>(expr));
      case Expr::Kind::kCall:
        return Fields(As<promql::Call>(expr));
      case Expr::Kind::kSubquery:
        return Fields(As<promql::Subquery>(expr));
      case Expr::Kind::kMatrixSelector: {
        const auto& matrix = As<promql::MatrixSelector>(expr);
        return Fields(*matrix.selector, &matrix.range);
      }
      case Expr::Kind::kVectorSelector:
        return Fields(As<VectorSelector>(expr), nullptr);
      case Expr::Kind::kNumber:
        return Text("val", PlainFloatText(As<promql::NumberLiteral>(expr).value));
      case Expr::Kind::kString:
        return Text("val", As<promql::StringLiteral>(expr).value);
      case Expr::Kind::kParen:
        return Part("expr", As<promql::Paren>(expr).expr.get());
      case Expr::Kind::kUnary:
        Part("expr", As<promql::Unary>(expr).expr.get());
        return Text("op", As<promql::Unary>(expr).negate ? "-" : "+");
    }
  }

  void Fields(const promql::Aggregate& aggregate) {
    Part("expr", aggregate.expr.get());
    Texts("grouping", aggregate.grouping);
    Text("op", AggregateOpName(aggregate.op));
    Part("param", aggregate.param.get());
    Bool("without", aggregate.without);
  }

  void Fields(const promql::Binary& binary) {
    Bool("bool", binary.return_bool);
    Part("lhs", binary.left.get());
    Key("matching");
    if (binary.matching) {
      WriteMatching(*binary.matching);
    } else {
      out_ += "null";
    }
    Text("op", BinaryOpName(binary.op));
    Part("rhs", binary.right.get());
  }

  void WriteMatching(const VectorMatching& matching) {
    out_ += '{';
    Text("card", CardinalityWord(matching.cardinality));
    Key("fillValues");
    out_ += '{';
    Filler("lhs", matching.fill_left);
    Filler("rhs", matching.fill_right);
    out_ += '}';
    Texts("include", matching.include);
    Texts("labels", matching.labels);
    Bool("on", matching.on);
    out_ += '}';
  }

  void Fields(const promql::Call& call) {
    Key("args");
    out_ += '[';
    for (const promql::ExprPtr& arg : call.args) {
      Separate();
      Write(*arg);
    }
    out_ += ']';
    const promql::Signature& function = *call.function;
    Key("func");
    out_ += '{';
    Key("argTypes");
    out_ += '[';
    for (const ValueType type : function.args) {
      Separate();
      AppendJsonString(TypeWord(type), &out_);
    }
    out_ += ']';
    Text("name", function.name);
    Text("returnType", TypeWord(function.returns));
    Number("variadic", function.variadic);
    out_ += '}';
  }

  void Fields(const promql::Subquery& subquery) {
    Part("expr", subquery.expr.get());
    Number("offset", Known(subquery.offset));
    Number("range", Known(subquery.range));
    At(subquery.at, subquery.has_step ? Known(subquery.step) : 0);
  }

  void Fields(const VectorSelector& selector, const promql::DurationValue* range) {
    Bool("anchored", selector.extension == VectorSelector::Extension::kAnchored);
    const bool named = NamedOutside(selector);
    Key("matchers");
    out_ += '[';
    for (const Matcher& matcher : selector.matchers) {
      if (!named || &matcher != selector.matchers.data()) WriteMatcher(matcher);
    }
    // Prometheus has the matcher that comes of the name behind the others.
    if (named) WriteMatcher(selector.matchers.front());
    out_ += ']';
    Text("name", named ? selector.name : "");
    Number("offset", Known(selector.offset));
    if (range != nullptr) Number("range", Known(*range));
    Bool("smoothed", selector.extension == VectorSelector::Extension::kSmoothed);
    At(selector.at, std::nullopt);
  }

  // `up{}` has its name outside of the braces, `{"up"}` has not.
  bool NamedOutside(const VectorSelector& selector) const {
    return !selector.name.empty() && selector.position.start < query_.size() &&
           query_[selector.position.start] != '{';
  }

  void WriteMatcher(const Matcher& matcher) {
    Separate();
    out_ += '{';
    Text("name", matcher.name());
    Text("type", MatcherOperator(matcher.type()));
    Text("value", matcher.value());
    out_ += '}';
  }

  void At(const AtModifier& at, std::optional<int64_t> step) {
    Key("startOrEnd");
    out_ += at.kind == AtModifier::Kind::kStart ? "\"start\""
            : at.kind == AtModifier::Kind::kEnd ? "\"end\""
                                                : "null";
    if (step) Number("step", *step);
    Key("timestamp");
    out_ += at.kind == AtModifier::Kind::kTime ? std::to_string(at.time) : "null";
  }

  void Separate() {
    if (out_.back() != '{' && out_.back() != '[') out_ += ',';
  }
  void Key(std::string_view key) {
    Separate();
    AppendJsonString(key, &out_);
    out_ += ':';
  }
  void Text(std::string_view key, std::string_view value) {
    Key(key);
    AppendJsonString(value, &out_);
  }
  void Bool(std::string_view key, bool value) {
    Key(key);
    out_ += value ? "true" : "false";
  }
  void Number(std::string_view key, int64_t value) {
    Key(key);
    out_ += std::to_string(value);
  }
  void Filler(std::string_view key, const std::optional<double>& value) {
    Key(key);
    out_ += value && std::isfinite(*value) ? PlainFloatText(*value) : "null";
  }
  void Texts(std::string_view key, const std::vector<std::string>& values) {
    Key(key);
    out_ += '[';
    for (const std::string& value : values) {
      Separate();
      AppendJsonString(value, &out_);
    }
    out_ += ']';
  }
  void Part(std::string_view key, const Expr* expr) {
    Key(key);
    if (expr == nullptr) {
      out_ += "null";
    } else {
      Write(*expr);
    }
  }

  const std::string_view query_;
  std::string& out_;
};

}  // namespace

void AppendSyntaxTree(const Expr& expr, std::string_view query, std::string* out) {
  TreeWriter(query, out).Write(expr);
}

}  // namespace sidelight::api
