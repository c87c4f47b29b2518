// Operators, operands, calls and aggregations.
#include <algorithm>

#include "rules/promql/grammar.h"
#include "rules/promql/printer.h"
#include "rules/promql/signature.h"

namespace sidelight::promql {
namespace {

constexpr int kPowerLevel = 5;

// How tightly it binds:
// https://prometheus.io/docs/prometheus/latest/querying/operators/#binary-operator-precedence
int Level(BinaryOp op) {
  switch (op) {
    case BinaryOp::kOr:
      return 0;
    case BinaryOp::kAnd:
    case BinaryOp::kUnless:
      return 1;
    case BinaryOp::kAdd:
    case BinaryOp::kSub:
      return 3;
    case BinaryOp::kMul:
    case BinaryOp::kDiv:
    case BinaryOp::kMod:
    case BinaryOp::kAtan2:
      return 4;
    case BinaryOp::kPow:
      return kPowerLevel;
    default:
      return 2;
  }
}

BinaryOp BinaryOpOf(TokenKind kind) {
  return static_cast<BinaryOp>(static_cast<int>(kind) - static_cast<int>(TokenKind::kAdd));
}
static_assert(static_cast<int>(TokenKind::kUnless) - static_cast<int>(TokenKind::kAdd) ==
              static_cast<int>(BinaryOp::kUnless));

AggregateOp AggregateOpOf(TokenKind kind) {
  return static_cast<AggregateOp>(static_cast<int>(kind) - static_cast<int>(TokenKind::kSum));
}
static_assert(static_cast<int>(TokenKind::kLimitRatio) - static_cast<int>(TokenKind::kSum) ==
              static_cast<int>(AggregateOp::kLimitRatio));

bool TakesParameter(AggregateOp op) {
  return op >= AggregateOp::kTopk;
}
bool IsExperimental(AggregateOp op) {
  return op == AggregateOp::kLimitk || op == AggregateOp::kLimitRatio;
}

}  // namespace

Grammar::Tree Grammar::Finish(ExprPtr expr, Position position, size_t height) {
  expr->position = position;
  if (height > options_.max_depth) {
    FailTooDeep(position);
    return {};
  }
  return {std::move(expr), height};
}

Grammar::Tree Grammar::Expression(int lowest_level) {
  const Deeper deeper(this);
  if (deeper.TooDeep()) {
    FailTooDeep(Peek().position);
    return {};
  }
  Tree left = Operand();
  while (left && IsBinaryOp(Peek().kind)) {
    const int level = Level(BinaryOpOf(Peek().kind));
    if (level < lowest_level) break;
    left = BinaryExpression(std::move(left), level);
  }
  return left;
}

Grammar::Tree Grammar::BinaryExpression(Tree left, int level) {
  auto binary = std::make_unique<Binary>();
  binary->op = BinaryOpOf(Take().kind);
  if (!BinaryModifiers(binary.get())) return {};
  Tree right = Expression(binary->op == BinaryOp::kPow ? level : level + 1);
  if (!right) return {};
  const Position position{left.expr->position.start, right.expr->position.end};
  const bool scalar = left.expr->type == ValueType::kScalar && right.expr->type == ValueType::kScalar;
  binary->type = scalar ? ValueType::kScalar : ValueType::kVector;
  binary->left = std::move(left.expr);
  binary->right = std::move(right.expr);
  return Finish(std::move(binary), position, std::max(left.height, right.height) + 1);
}

Grammar::Tree Grammar::Operand() {
  if (PeekIs(TokenKind::kAdd) || PeekIs(TokenKind::kSub)) return SignedOperand();
  Tree tree = Primary();
  return tree ? WithSuffixes(std::move(tree)) : Tree{};
}

// A sign binds less tightly than ^ and as tightly as *.
Grammar::Tree Grammar::SignedOperand() {
  const Token sign = Take();
  Tree tree = Expression(kPowerLevel);
  if (!tree) return {};
  const Position position{sign.position.start, tree.expr->position.end};
  const bool negate = sign.kind == TokenKind::kSub;
  if (tree.expr->kind == Expr::Kind::kNumber) {
    auto& number = As<NumberLiteral>(*tree.expr);
    if (negate) number.value = -number.value;
    number.position = position;
    return tree;
  }
  auto unary = std::make_unique<Unary>();
  unary->negate = negate;
  unary->type = tree.expr->type;
  unary->expr = std::move(tree.expr);
  return Finish(std::move(unary), position, tree.height + 1);
}

Grammar::Tree Grammar::Primary() {
  const TokenKind kind = Peek().kind;
  switch (kind) {
    case TokenKind::kNumber:
    case TokenKind::kDuration:
      return Number();
    case TokenKind::kString:
      return String();
    case TokenKind::kLeftParen:
      return Parenthesized();
    default:
      break;
  }
  const TokenKind next = IsMetricName(kind) ? Peek(1).kind : TokenKind::kEnd;
  if (IsAggregateOp(kind) &&
      (next == TokenKind::kLeftParen || next == TokenKind::kBy || next == TokenKind::kWithout)) {
    return Aggregation();
  }
  const bool callable =
      kind == TokenKind::kIdentifier || (kind >= TokenKind::kStartWord && kind <= TokenKind::kRangeWord);
  if (callable && next == TokenKind::kLeftParen) return FunctionCall();
  if (IsMetricName(kind) || kind == TokenKind::kLeftBrace) {
    std::unique_ptr<VectorSelector> selector = Selector();
    if (selector == nullptr) return {};
    const Position position = selector->position;
    return Finish(std::move(selector), position, 1);
  }
  Unexpected();
  return {};
}

Grammar::Tree Grammar::WithSuffixes(Tree tree) {
  while (tree) {
    bool ok = true;
    switch (Peek().kind) {
      case TokenKind::kLeftBracket:
        tree = Brackets(std::move(tree));
        continue;
      case TokenKind::kOffset:
        ok = Offset(tree.expr.get());
        break;
      case TokenKind::kAt:
        ok = At(tree.expr.get());
        break;
      case TokenKind::kAnchored:
      case TokenKind::kSmoothed:
        ok = Extend(tree.expr.get());
        break;
      default:
        return tree;
    }
    if (!ok) return {};
    tree.expr->position.end = last_end_;
  }
  return tree;
}

Grammar::Tree Grammar::Number() {
  const Token token = Take();
  const std::optional<double> value = NumberValue(token);
  if (!value) return {};
  auto number = std::make_unique<NumberLiteral>();
  number->type = ValueType::kScalar;
  number->value = *value;
  number->duration = token.kind == TokenKind::kDuration;
  return Finish(std::move(number), token.position, 1);
}

Grammar::Tree Grammar::String() {
  Token token = Take();
  auto string = std::make_unique<StringLiteral>();
  string->type = ValueType::kString;
  string->value = std::move(token.value);
  return Finish(std::move(string), token.position, 1);
}

Grammar::Tree Grammar::Parenthesized() {
  const Token open = Take();
  Tree inner = Expression(0);
  if (!inner || !Expect(TokenKind::kRightParen)) return {};
  auto paren = std::make_unique<Paren>();
  paren->type = inner.expr->type;
  paren->expr = std::move(inner.expr);
  return Finish(std::move(paren), {open.position.start, last_end_}, inner.height + 1);
}

// "(a, b)"
bool Grammar::Arguments(std::vector<ExprPtr>* args, size_t* height) {
  if (!Expect(TokenKind::kLeftParen)) return false;
  if (TakeIf(TokenKind::kRightParen)) return true;
  while (true) {
    Tree arg = Expression(0);
    if (!arg) return false;
    *height = std::max(*height, arg.height);
    args->push_back(std::move(arg.expr));
    if (!PeekIs(TokenKind::kComma)) return Expect(TokenKind::kRightParen);
    const Token comma = Take();
    if (PeekIs(TokenKind::kRightParen)) {
      return Fail(comma.position, "trailing commas not allowed in function call args");
    }
  }
}

Grammar::Tree Grammar::FunctionCall() {
  const Token name = Take();
  auto call = std::make_unique<Call>();
  size_t height = 0;
  if (!Arguments(&call->args, &height)) return {};
  call->function = FindSignature(name.text);
  if (call->function == nullptr) {
    Fail(name.position, "unknown function with name " + Quote(name.text));
    return {};
  }
  if (call->function->experimental && !options_.experimental) {
    Fail(name.position, "function " + Quote(name.text) + " is not enabled");
    return {};
  }
  call->type = call->function->returns;
  return Finish(std::move(call), {name.position.start, last_end_}, height + 1);
}

Grammar::Tree Grammar::Aggregation() {
  const Within aggregation(this, "aggregation", "");
  const Token name = Take();
  auto aggregate = std::make_unique<Aggregate>();
  aggregate->op = AggregateOpOf(name.kind);
  aggregate->type = ValueType::kVector;
  const auto modifier = [&] {
    aggregate->without = Take().kind == TokenKind::kWithout;
    return GroupingLabels(&aggregate->grouping);
  };
  const auto at_modifier = [&] { return PeekIs(TokenKind::kBy) || PeekIs(TokenKind::kWithout); };
  const bool modifier_first = at_modifier();
  if (modifier_first && !modifier()) return {};
  std::vector<ExprPtr> args;
  size_t height = 0;
  if (!Arguments(&args, &height)) return {};
  if (!modifier_first && at_modifier() && !modifier()) return {};

  const Position position{name.position.start, last_end_};
  if (IsExperimental(aggregate->op) && !options_.experimental) {
    Fail(position, std::string(AggregateOpName(aggregate->op)) +
                       "() is experimental and must be enabled with "
                       "--enable-feature=promql-experimental-functions");
    return {};
  }
  if (args.empty()) {
    Fail(position, "no arguments for aggregate expression provided");
    return {};
  }
  const size_t wanted = TakesParameter(aggregate->op) ? 2 : 1;
  if (args.size() != wanted) {
    Fail(position, "wrong number of arguments for aggregate expression provided, expected " +
                       std::to_string(wanted) + ", got " + std::to_string(args.size()));
    return {};
  }
  if (wanted == 2) aggregate->param = std::move(args.front());
  aggregate->expr = std::move(args.back());
  return Finish(std::move(aggregate), position, height + 1);
}

}  // namespace sidelight::promql
