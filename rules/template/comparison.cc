#include "rules/template/comparison.h"

#include <cstdint>
#include <optional>
#include <string>

namespace sidelight::text_template {
namespace {

enum class Kind : uint8_t { kOther, kBool, kInt, kFloat, kText };

// A number that has a name compares as the number.
std::optional<int64_t> IntegerOf(const Value& value) {
  if (const ObjectPtr* object = value.As<ObjectPtr>()) return (*object)->Number();
  const int64_t* const number = value.As<int64_t>();
  return number == nullptr ? std::nullopt : std::optional(*number);
}

Kind KindOf(const Value& value) {
  if (value.As<bool>() != nullptr) return Kind::kBool;
  if (IntegerOf(value)) return Kind::kInt;
  if (value.As<double>() != nullptr) return Kind::kFloat;
  if (value.As<std::string>() != nullptr) return Kind::kText;
  return Kind::kOther;
}

Result<bool> Equals(const Value& a, const Value& b) {
  const Kind kind = KindOf(a);
  if (kind != KindOf(b)) {
    if (a.none() || b.none()) return false;
    return Fail(ErrorCode::kInvalidArgument, "incompatible types for comparison");
  }
  switch (kind) {
    case Kind::kBool:
      return *a.As<bool>() == *b.As<bool>();
    case Kind::kInt:
      return *IntegerOf(a) == *IntegerOf(b);
    case Kind::kFloat:
      return *a.As<double>() == *b.As<double>();
    case Kind::kText:
      return *a.As<std::string>() == *b.As<std::string>();
    case Kind::kOther:
      break;
  }
  if (a.none() || b.none()) return a.none() && b.none();
  for (const Value* value : {&a, &b}) {
    if (value->As<ObjectPtr>() == nullptr) {
      return Fail(ErrorCode::kInvalidArgument, "non-comparable type " + value->TypeName());
    }
  }
  return a.compound() == b.compound();
}

}  // namespace

Result<bool> EqualsAny(const Value& value, std::span<const Value> others) {
  if (others.empty()) return Fail(ErrorCode::kInvalidArgument, "missing argument for comparison");
  for (const Value& other : others) {
    Result<bool> equal = Equals(value, other);
    if (!equal || *equal) return equal;
  }
  return false;
}

Result<bool> IsLess(const Value& a, const Value& b) {
  const Kind kind = KindOf(a);
  if (kind == Kind::kOther || KindOf(b) == Kind::kOther) {
    return Fail(ErrorCode::kInvalidArgument, "invalid type for comparison");
  }
  if (kind != KindOf(b)) return Fail(ErrorCode::kInvalidArgument, "incompatible types for comparison");
  switch (kind) {
    case Kind::kInt:
      return *IntegerOf(a) < *IntegerOf(b);
    case Kind::kFloat:
      return *a.As<double>() < *b.As<double>();
    case Kind::kText:
      return *a.As<std::string>() < *b.As<std::string>();
    default:
      return Fail(ErrorCode::kInvalidArgument, "invalid type for comparison");
  }
}

}  // namespace sidelight::text_template
