// Over several lines: a node whose text is longer than a line holds puts each of its parts on lines of its
// own, two blanks further in.
#include <tsl/robin_map.h>

#include "rules/promql/print_text.h"
#include "rules/promql/printer.h"
#include "rules/promql/signature.h"

namespace sidelight::promql {
namespace {

constexpr size_t kLineLength = 100;
constexpr size_t kIndent = 2;

struct Span {
  size_t start = 0;
  size_t end = 0;
};

// Each expression's text, as a part of that of the whole: so that no part is printed once for each level
// above it.
class Spans final : public PrintVisitor {
 public:
  explicit Spans(const Expr& expr) { PrintInto(expr, &text_, this); }

  void Visit(const Expr& expr, size_t start, size_t end) override { spans_[&expr] = {start, end}; }
  std::string_view Text(const Expr& expr) const {
    const Span span = spans_.find(&expr).value();
    return std::string_view(text_).substr(span.start, span.end - span.start);
  }

 private:
  std::string text_;
  tsl::robin_map<const Expr*, Span> spans_;
};

class PrettyPrinter {
 public:
  explicit PrettyPrinter(const Expr& expr) : spans_(expr) { Write(expr, 0); }
  std::string Take() { return std::move(out_); }

 private:
  void Indent(size_t level) { out_.append(level * kIndent, ' '); }

  void Write(const Expr& expr, size_t level) {
    Indent(level);
    WriteHere(expr, level);
  }

  // With the indentation of its first line written already.
  void WriteHere(const Expr& expr, size_t level) {
    const std::string_view text = spans_.Text(expr);
    if (text.size() <= kLineLength) {
      out_ += text;
      return;
    }
    switch (expr.kind) {
      case Expr::Kind::kCall:
        out_ += As<Call>(expr).function->name;
        WriteList(Children(expr), level);
        return;
      case Expr::Kind::kAggregate:
        out_ += AggregateHead(As<Aggregate>(expr));
        WriteList(Children(expr), level);
        return;
      case Expr::Kind::kParen:
        WriteList(Children(expr), level);
        return;
      case Expr::Kind::kBinary: {
        // Its left side goes one level further in, from its very first line on.
        const auto& binary = As<Binary>(expr);
        out_.append(kIndent, ' ');
        WriteHere(*binary.left, level + 1);
        out_ += '\n';
        Indent(level);
        out_ += BinaryHead(binary);
        out_ += '\n';
        Write(*binary.right, level + 1);
        return;
      }
      case Expr::Kind::kUnary:
        out_ += As<Unary>(expr).negate ? '-' : '+';
        WriteHere(*As<Unary>(expr).expr, level);
        return;
      case Expr::Kind::kSubquery:
        WriteHere(*As<Subquery>(expr).expr, level);
        out_ += SubqueryTail(As<Subquery>(expr));
        return;
      case Expr::Kind::kNumber:
      case Expr::Kind::kString:
      case Expr::Kind::kVectorSelector:
      case Expr::Kind::kMatrixSelector:
        out_ += text;
        return;
    }
  }

  void WriteList(const std::vector<const Expr*>& parts, size_t level) {
    out_ += '(';
    for (size_t i = 0; i < parts.size(); ++i) {
      out_ += i > 0 ? ",\n" : "\n";
      Write(*parts[i], level + 1);
    }
    out_ += '\n';
    Indent(level);
    out_ += ')';
  }

  const Spans spans_;
  std::string out_;
};

}  // namespace

std::string PrintPretty(const Expr& expr) {
  return PrettyPrinter(expr).Take();
}

}  // namespace sidelight::promql
