#include "rules/promql/grammar.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "rules/promql/annotations.h"
#include "rules/promql/printer.h"

namespace sidelight::promql {
namespace {

// A whole number that starts with 0 is octal, as in Go.
bool IsOctal(std::string_view digits) {
  return digits.size() > 1 && digits[0] == '0' &&
         std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '7'; });
}

// Nothing when it is out of range.
std::optional<double> ReadNumber(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (c != '_') digits += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  if (digits == "inf") return HUGE_VAL;
  if (digits == "nan") return std::nan("");
  const bool hex = digits.starts_with("0x");
  const std::string_view number = std::string_view(digits).substr(hex ? 2 : 0);
  if (hex || IsOctal(number)) {
    int64_t value = 0;
    const auto read = std::from_chars(number.data(), number.data() + number.size(), value, hex ? 16 : 8);
    if (read.ec == std::errc()) return static_cast<double>(value);
    if (hex) return std::nullopt;
  }
  double value = 0;
  const auto read = std::from_chars(number.data(), number.data() + number.size(), value);
  if (read.ec == std::errc()) return value;
  // Out of range is also what is too small; that is zero.
  value = std::strtod(digits.c_str(), nullptr);
  if (std::isinf(value)) return std::nullopt;
  return value;
}

}  // namespace

Error ParseError(std::string_view text, Position position, std::string_view what, ErrorCode code) {
  return {code, LineAndColumn(text, position.start) + ": parse error: " + std::string(what)};
}

ExprPtr Grammar::WholeExpression() {
  if (PeekIs(TokenKind::kEnd)) {
    Fail({}, "no expression found in input");
    return nullptr;
  }
  Tree tree = Expression(0);
  if (!tree || !Expect(TokenKind::kEnd)) return nullptr;
  return std::move(tree.expr);
}

std::unique_ptr<VectorSelector> Grammar::WholeSelector() {
  if (!PeekIs(TokenKind::kLeftBrace) && !IsMetricName(Peek().kind)) {
    Unexpected();
    return nullptr;
  }
  std::unique_ptr<VectorSelector> selector = Selector();
  if (selector == nullptr || !Expect(TokenKind::kEnd)) return nullptr;
  return selector;
}

std::optional<double> Grammar::NumberValue(const Token& token) {
  if (token.kind == TokenKind::kDuration) {
    const Result<int64_t> millis = ParseDuration(token.text);
    if (millis) return static_cast<double>(*millis) / 1000;
    Fail(token.position, millis.error().message);
    return std::nullopt;
  }
  const std::optional<double> value = ReadNumber(token.text);
  if (!value) Fail(token.position, "error parsing number: " + Quote(token.text) + ": value out of range");
  return value;
}

const Token& Grammar::Peek(size_t ahead) {
  while (ahead_count_ <= ahead) ahead_[ahead_count_++] = lexer_.Next();
  return ahead_[ahead];
}

Token Grammar::Take() {
  Peek();
  Token token = std::move(ahead_[0]);
  if (ahead_count_ == 2) ahead_[0] = std::move(ahead_[1]);
  --ahead_count_;
  last_end_ = token.position.end;
  return token;
}

bool Grammar::TakeIf(TokenKind kind) {
  if (!PeekIs(kind)) return false;
  Take();
  return true;
}

bool Grammar::Expect(TokenKind kind, std::string_view where, std::string_view expected) {
  return TakeIf(kind) || Unexpected(where, expected);
}

bool Grammar::Unexpected(std::string_view where, std::string_view expected) {
  const Token& token = Peek();
  if (token.kind == TokenKind::kError) return Fail(token.position, token.value);
  std::string what = "unexpected " + Describe(token);
  if (!where.empty()) what.append(" in ").append(where);
  if (!expected.empty()) what.append(", expected ").append(expected);
  return Fail(token.position, what);
}

bool Grammar::Fail(Position position, std::string_view what, ErrorCode code) {
  if (!error_) error_ = ParseError(text_, position, what, code);
  return false;
}

bool Grammar::FailTooDeep(Position position) {
  return Fail(position,
              "the expression is nested deeper than " + std::to_string(options_.max_depth) + " levels",
              ErrorCode::kLimit);
}

}  // namespace sidelight::promql
