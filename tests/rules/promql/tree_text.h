// A syntax tree as text, in full: two trees whose texts are equal mean the same. For tests and fuzzers.
//
// `(+ a{__name__="a"} 1)`: operators come first; positions are left out.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "rules/promql/ast.h"
#include "rules/promql/printer.h"
#include "rules/promql/signature.h"

namespace sidelight::promql {

inline std::string DurationTree(const DurationExpr& expr) {
  static constexpr std::string_view kOps[] = {"number", "-", "+",      "add",     "sub", "mul", "div",
                                              "mod",    "^", "step()", "range()", "min", "max"};
  std::string out =
      expr.op == DurationExpr::Op::kNumber
          ? (std::isnan(expr.number) ? "nan" : fmt::format("{}{}", expr.number, expr.duration ? "s" : ""))
          : std::string(kOps[static_cast<size_t>(expr.op)]);
  for (const auto* part : {expr.left.get(), expr.right.get()}) {
    if (part != nullptr) out += " " + DurationTree(*part);
  }
  if (expr.left != nullptr) out = "(" + out + ")";
  return expr.parenthesized ? "paren:" + out : out;
}

inline std::string DurationTree(const DurationValue& value) {
  return value.expr != nullptr ? DurationTree(*value.expr) : std::to_string(value.millis) + "ms";
}

inline std::string ModifiersTree(const DurationValue& offset, const AtModifier& at) {
  std::string out;
  if (offset.millis != 0 || offset.expr != nullptr) out += " offset:" + DurationTree(offset);
  if (at.kind == AtModifier::Kind::kTime) out += " @" + std::to_string(at.time);
  if (at.kind == AtModifier::Kind::kStart) out += " @start";
  if (at.kind == AtModifier::Kind::kEnd) out += " @end";
  return out;
}

inline std::string SelectorTree(const VectorSelector& selector) {
  static constexpr std::string_view kExtensions[] = {"", " anchored", " smoothed"};
  // Their order means nothing, and the printer changes it.
  std::vector<std::string> matchers;
  for (const Matcher& matcher : selector.matchers) {
    matchers.push_back(
        fmt::format("{}{}{}", matcher.name(), MatcherOperator(matcher.type()), Quote(matcher.value())));
  }
  std::sort(matchers.begin(), matchers.end());
  std::string out = fmt::format("{}{{{}", selector.name, fmt::join(matchers, ","));
  out += selector.label_selector ? "}labels" : "}";
  out += kExtensions[static_cast<size_t>(selector.extension)];
  return out + ModifiersTree(selector.offset, selector.at);
}

inline std::string LabelsTree(const std::vector<std::string>& labels) {
  std::string out = "[";
  for (const std::string& label : labels) out += (out.size() > 1 ? " " : "") + label;
  return out + "]";
}

inline std::string MatchingTree(const VectorMatching& matching) {
  static constexpr std::string_view kCardinalities[] = {"1:1", "n:1", "1:n", "n:n"};
  std::string out(kCardinalities[static_cast<size_t>(matching.cardinality)]);
  if (matching.on || !matching.labels.empty()) {
    out += (matching.on ? " on" : " ignoring") + LabelsTree(matching.labels);
  }
  if (!matching.include.empty()) out += " include" + LabelsTree(matching.include);
  if (matching.fill_left) out += fmt::format(" left={}", std::abs(*matching.fill_left));
  if (matching.fill_right) out += fmt::format(" right={}", std::abs(*matching.fill_right));
  return out;
}

inline std::string TreeText(const Expr& expr) {
  std::string head;
  switch (expr.kind) {
    case Expr::Kind::kNumber: {
      const auto& number = As<NumberLiteral>(expr);
      return (std::isnan(number.value) ? "nan" : fmt::format("{}", number.value)) +
             (number.duration ? "s" : "");
    }
    case Expr::Kind::kString:
      return Quote(As<StringLiteral>(expr).value);
    case Expr::Kind::kVectorSelector:
      return SelectorTree(As<VectorSelector>(expr));
    case Expr::Kind::kMatrixSelector: {
      const auto& matrix = As<MatrixSelector>(expr);
      return "(range " + SelectorTree(*matrix.selector) + " " + DurationTree(matrix.range) + ")";
    }
    case Expr::Kind::kSubquery: {
      const auto& subquery = As<Subquery>(expr);
      head = "subquery " + DurationTree(subquery.range);
      if (subquery.has_step) head += ":" + DurationTree(subquery.step);
      head += ModifiersTree(subquery.offset, subquery.at);
      break;
    }
    case Expr::Kind::kCall:
      head = As<Call>(expr).function->name;
      break;
    case Expr::Kind::kAggregate: {
      const auto& aggregate = As<Aggregate>(expr);
      head = AggregateOpName(aggregate.op);
      if (aggregate.without || !aggregate.grouping.empty()) {
        head += (aggregate.without ? " without" : " by") + LabelsTree(aggregate.grouping);
      }
      break;
    }
    case Expr::Kind::kBinary: {
      const auto& binary = As<Binary>(expr);
      head = BinaryOpName(binary.op);
      if (binary.return_bool) head += " bool";
      if (binary.matching) head += " " + MatchingTree(*binary.matching);
      break;
    }
    case Expr::Kind::kUnary:
      head = As<Unary>(expr).negate ? "neg" : "pos";
      break;
    case Expr::Kind::kParen:
      head = "paren";
      break;
  }
  for (const Expr* part : Children(expr)) head += " " + TreeText(*part);
  return "(" + head + ")";
}

}  // namespace sidelight::promql
