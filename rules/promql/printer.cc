#include "rules/promql/printer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <vector>

#include "rules/promql/print_text.h"
#include "rules/promql/quoting.h"
#include "rules/promql/signature.h"
#include "rules/promql/token.h"

namespace sidelight::promql {
namespace {

constexpr std::string_view kMetricName = "__name__";

// As Go's %v: the shortest digits that read back the same, with an exponent from 1e+06 up.
std::string NumberText(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  constexpr size_t kLongest = 32;
  std::array<char, kLongest> buffer{};
  const double magnitude = std::abs(value);
  const bool exponent = magnitude != 0 && (magnitude < 1e-4 || magnitude >= 1e6);
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                 exponent ? std::chars_format::scientific : std::chars_format::fixed);
  return {buffer.data(), end.ptr};
}

std::string SecondsText(double seconds) {
  return FormatDuration(std::llround(seconds * 1000));
}

// Of what stands left of ^, which binds more tightly than a sign: an infinity goes without its plus.
std::string_view WithoutPlus(std::string_view text) {
  return text.starts_with("+Inf") ? text.substr(1) : text;
}

std::string DurationExprText(const DurationExpr& expr);

std::string DurationCore(const DurationExpr& expr) {
  const auto between = [&](std::string_view op) {
    return DurationExprText(*expr.left).append(op) + DurationExprText(*expr.right);
  };
  switch (expr.op) {
    case DurationExpr::Op::kNumber:
      return expr.duration ? SecondsText(expr.number) : NumberText(expr.number);
    case DurationExpr::Op::kNegate:
      return "-" + DurationExprText(*expr.left);
    case DurationExpr::Op::kPlus:
      return "+" + DurationExprText(*expr.left);
    case DurationExpr::Op::kAdd:
      return between(" + ");
    case DurationExpr::Op::kSubtract:
      return between(" - ");
    case DurationExpr::Op::kMultiply:
      return between(" * ");
    case DurationExpr::Op::kDivide:
      return between(" / ");
    case DurationExpr::Op::kModulo:
      return between(" % ");
    case DurationExpr::Op::kPower:
      return std::string(WithoutPlus(between(" ^ ")));
    case DurationExpr::Op::kStep:
      return "step()";
    case DurationExpr::Op::kRange:
      return "range()";
    case DurationExpr::Op::kMin:
      return "min_of(" + between(", ") + ")";
    case DurationExpr::Op::kMax:
      return "max_of(" + between(", ") + ")";
  }
  return "";
}

std::string DurationExprText(const DurationExpr& expr) {
  std::string core = DurationCore(expr);
  return expr.parenthesized ? "(" + core + ")" : core;
}

std::string DurationText(const DurationValue& duration) {
  return duration.expr != nullptr ? DurationExprText(*duration.expr) : FormatDuration(duration.millis);
}

std::string AtText(const AtModifier& at) {
  switch (at.kind) {
    case AtModifier::Kind::kTime: {
      const uint64_t millis =
          at.time < 0 ? 0 - static_cast<uint64_t>(at.time) : static_cast<uint64_t>(at.time);
      return fmt::format(" @ {}{}.{:03}", at.time < 0 ? "-" : "", millis / 1000, millis % 1000);
    }
    case AtModifier::Kind::kStart:
      return " @ start()";
    case AtModifier::Kind::kEnd:
      return " @ end()";
    case AtModifier::Kind::kNone:
      break;
  }
  return "";
}

std::string OffsetText(const DurationValue& offset) {
  return offset.millis == 0 && offset.expr == nullptr ? "" : " offset " + DurationText(offset);
}

std::string ExtensionText(VectorSelector::Extension extension) {
  if (extension == VectorSelector::Extension::kAnchored) return " anchored";
  if (extension == VectorSelector::Extension::kSmoothed) return " smoothed";
  return "";
}

// A name that the lexer would take for something else must be quoted.
std::string LabelText(const std::string& name) {
  return IsPlainLabelName(name) && IsLabelName(KeywordKind(name)) ? name : Quote(name);
}
std::string MatcherText(const Matcher& matcher) {
  const std::string& name = matcher.name();
  std::string out = IsPlainLabelName(name) ? name : Quote(name);
  return out.append(MatcherOperator(matcher.type())) += Quote(matcher.value());
}

std::string LabelListText(const std::vector<std::string>& labels) {
  std::string out;
  for (const std::string& label : labels) {
    if (!out.empty()) out += ", ";
    out += LabelText(label);
  }
  return out;
}

// The name and the braces; what is in them goes by the alphabet.
std::string SelectorHead(const VectorSelector& selector) {
  const bool outside = !selector.label_selector && IsPlainMetricName(selector.name) &&
                       IsMetricName(KeywordKind(selector.name));
  std::vector<std::string> matchers;
  bool name_seen = selector.name.empty();
  for (const Matcher& matcher : selector.matchers) {
    if (!name_seen && matcher.name() == kMetricName && matcher.type() == Matcher::Type::kEqual &&
        matcher.value() == selector.name) {
      name_seen = true;
    } else {
      matchers.push_back(MatcherText(matcher));
    }
  }
  std::sort(matchers.begin(), matchers.end());
  std::string braces = outside || selector.name.empty() ? "" : Quote(selector.name);
  for (const std::string& matcher : matchers) {
    if (!braces.empty()) braces += ',';
    braces += matcher;
  }
  std::string out = outside ? selector.name : "";
  if (!outside || !braces.empty()) out.append("{").append(braces) += '}';
  return out;
}

std::string SelectorTail(const VectorSelector& selector) {
  return ExtensionText(selector.extension) + AtText(selector.at) + OffsetText(selector.offset);
}

class Printer {
 public:
  Printer(std::string* out, PrintVisitor* visitor) : out_(*out), visitor_(visitor) {}

  void Write(const Expr& expr) {
    const size_t start = out_.size();
    WriteNode(expr);
    if (visitor_ != nullptr) visitor_->Visit(expr, start, out_.size());
  }

 private:
  void WriteNode(const Expr& expr) {
    switch (expr.kind) {
      case Expr::Kind::kNumber: {
        const auto& number = As<NumberLiteral>(expr);
        out_ += number.duration ? SecondsText(number.value) : NumberText(number.value);
        return;
      }
      case Expr::Kind::kString:
        out_ += Quote(As<StringLiteral>(expr).value);
        return;
      case Expr::Kind::kVectorSelector: {
        const auto& selector = As<VectorSelector>(expr);
        out_.append(SelectorHead(selector)).append(SelectorTail(selector));
        return;
      }
      case Expr::Kind::kMatrixSelector: {
        const auto& matrix = As<MatrixSelector>(expr);
        out_.append(SelectorHead(*matrix.selector)).append("[").append(DurationText(matrix.range));
        out_.append("]").append(SelectorTail(*matrix.selector));
        return;
      }
      case Expr::Kind::kSubquery:
        Write(*As<Subquery>(expr).expr);
        out_ += SubqueryTail(As<Subquery>(expr));
        return;
      case Expr::Kind::kCall:
        out_.append(As<Call>(expr).function->name);
        WriteList(Children(expr));
        return;
      case Expr::Kind::kAggregate:
        out_ += AggregateHead(As<Aggregate>(expr));
        WriteList(Children(expr));
        return;
      case Expr::Kind::kBinary: {
        const auto& binary = As<Binary>(expr);
        WriteLeft(binary);
        out_.append(" ").append(BinaryHead(binary)) += ' ';
        Write(*binary.right);
        return;
      }
      case Expr::Kind::kUnary:
        out_ += As<Unary>(expr).negate ? '-' : '+';
        Write(*As<Unary>(expr).expr);
        return;
      case Expr::Kind::kParen:
        out_ += '(';
        Write(*As<Paren>(expr).expr);
        out_ += ')';
        return;
    }
  }

  void WriteLeft(const Binary& binary) {
    const auto* const number = TryAs<NumberLiteral>(*binary.left);
    if (binary.op != BinaryOp::kPow || number == nullptr || !std::isinf(number->value)) {
      Write(*binary.left);
      return;
    }
    const size_t start = out_.size();
    out_ += WithoutPlus(NumberText(number->value));
    if (visitor_ != nullptr) visitor_->Visit(*number, start, out_.size());
  }

  void WriteList(const std::vector<const Expr*>& parts) {
    out_ += '(';
    for (size_t i = 0; i < parts.size(); ++i) {
      if (i > 0) out_ += ", ";
      Write(*parts[i]);
    }
    out_ += ')';
  }

  std::string& out_;
  PrintVisitor* const visitor_;
};

}  // namespace

std::string AggregateHead(const Aggregate& aggregate) {
  std::string out(AggregateOpName(aggregate.op));
  if (!aggregate.without && aggregate.grouping.empty()) return out;
  out += aggregate.without ? " without (" : " by (";
  return out.append(LabelListText(aggregate.grouping)) += ") ";
}

std::string BinaryHead(const Binary& binary) {
  std::string out(BinaryOpName(binary.op));
  if (binary.return_bool) out += " bool";
  if (!binary.matching) return out;
  const VectorMatching& matching = *binary.matching;
  const bool left = matching.cardinality == VectorMatching::Cardinality::kManyToOne;
  const bool right = matching.cardinality == VectorMatching::Cardinality::kOneToMany;
  if (matching.on || left || right || !matching.labels.empty()) {
    out.append(matching.on ? " on (" : " ignoring (").append(LabelListText(matching.labels)) += ')';
  }
  if (left || right) {
    out.append(left ? " group_left (" : " group_right (").append(LabelListText(matching.include)) += ')';
  }
  const std::string fill_left = matching.fill_left ? NumberText(*matching.fill_left) : "";
  const std::string fill_right = matching.fill_right ? NumberText(*matching.fill_right) : "";
  if (!fill_left.empty() && fill_left == fill_right) return out + " fill (" + fill_left + ")";
  if (!fill_left.empty()) out += " fill_left (" + fill_left + ")";
  if (!fill_right.empty()) out += " fill_right (" + fill_right + ")";
  return out;
}

std::string SubqueryTail(const Subquery& subquery) {
  std::string out = "[" + DurationText(subquery.range) + ":";
  if (subquery.has_step) out += DurationText(subquery.step);
  return out + "]" + AtText(subquery.at) + OffsetText(subquery.offset);
}

void PrintInto(const Expr& expr, std::string* out, PrintVisitor* visitor) {
  Printer(out, visitor).Write(expr);
}

std::string Print(const Expr& expr) {
  std::string out;
  PrintInto(expr, &out, nullptr);
  return out;
}

}  // namespace sidelight::promql
