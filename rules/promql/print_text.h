// What both printers say of a node before and behind its parts. See printer.h.
#pragma once

#include <string>

#include "rules/promql/ast.h"

namespace sidelight::promql {

// "sum by (a, b) ", "sum"
std::string AggregateHead(const Aggregate& aggregate);
// "+", "== bool on (a) group_left (b)"
std::string BinaryHead(const Binary& binary);
// "[5m:1m] @ 10.000 offset 5m"
std::string SubqueryTail(const Subquery& subquery);

// The whole tree on one line, with `visit(expr, start, end)` called for each of its expressions: where it
// stands in the text.
class PrintVisitor {
 public:
  virtual ~PrintVisitor() = default;
  virtual void Visit(const Expr& expr, size_t start, size_t end) = 0;
};
void PrintInto(const Expr& expr, std::string* out, PrintVisitor* visitor);

}  // namespace sidelight::promql
