// How an interpreter calls functions.
#include <algorithm>

#include "rules/template/interpreter.h"

namespace sidelight::text_template {
namespace {

bool CanBeNil(const Parameter& parameter) {
  return parameter.kind == Parameter::Kind::kAny || parameter.kind == Parameter::Kind::kNamed;
}

}  // namespace

std::string_view TypeName(const Parameter& parameter) {
  switch (parameter.kind) {
    case Parameter::Kind::kBool:
      return "bool";
    case Parameter::Kind::kInt:
      return "int";
    case Parameter::Kind::kFloat:
      return "float64";
    case Parameter::Kind::kString:
      return "string";
    case Parameter::Kind::kNamed:
      return parameter.type;
    default:
      return "interface {}";
  }
}

// `alone`: the function is an argument of another and has none itself; the command is empty then.
bool Interpreter::Call(const Value& dot, const Command& command, const Operand& operand, bool alone,
                       Final final, Value* result) {
  At(operand);
  const size_t given = alone ? 0 : command.operands.size() - 1;
  const size_t count = given + (final != nullptr ? 1 : 0);
  const std::vector<Parameter>& parameters = operand.function->parameters;
  const size_t wanted = parameters.size() - (operand.function->variadic ? 1 : 0);
  if (count < wanted || (count > wanted && !operand.function->variadic)) {
    return Fail("wrong number of args for " + operand.name + ": want " +
                (operand.function->variadic ? "at least " : "") + std::to_string(wanted) + " got " +
                std::to_string(count));
  }
  if (operand.function->call == nullptr) return CallLogic(dot, command, operand.name == "or", final, result);
  std::vector<Value> arguments;
  arguments.reserve(count);
  size_t weight = 0;
  for (size_t i = 0; i < count; ++i) {
    const Parameter& parameter = parameters[std::min(i, parameters.size() - 1)];
    Value argument;
    if (i < given) {
      if (!EvaluateArgument(dot, parameter, command.operands[i + 1], &argument)) return false;
    } else {
      if (!Fits(parameter, *final)) return false;
      argument = *final;
    }
    weight += argument.weight();
    arguments.push_back(std::move(argument));
  }
  if (!Spend(weight)) return false;
  Result<Value> called = operand.function->call(*this, arguments);
  if (!called) {
    if (alone) {
      At(operand);
    } else {
      At(command);
    }
    return Fail("error calling " + operand.name + ": " + called.error().message, called.error().code);
  }
  *result = std::move(*called);
  if (result->depth() > kMaxValueDepth) {
    return Fail("values nested more than " + std::to_string(kMaxValueDepth) + " deep", ErrorCode::kLimit);
  }
  return Spend(result->weight());
}

// and, or: the first argument that decides, and no further.
bool Interpreter::CallLogic(const Value& dot, const Command& command, bool until, Final final,
                            Value* result) {
  for (size_t i = 1; i < command.operands.size(); ++i) {
    if (!EvaluateArgument(dot, Parameter{}, command.operands[i], result)) return false;
    if (result->Truth() == until) return true;
  }
  if (final != nullptr) *result = *final;
  return true;
}

bool Interpreter::EvaluateArgument(const Value& dot, const Parameter& parameter, const Operand& operand,
                                   Value* result) {
  At(operand);
  if (!Spend(1)) return false;
  const auto expected = [&](const char* what) {
    return Fail(std::string("expected ") + what + "; found " + TextOf(operand));
  };
  switch (operand.kind) {
    case Operand::Kind::kNil:
      if (!CanBeNil(parameter)) return Fail("cannot assign nil to " + std::string(TypeName(parameter)));
      *result = Value();
      return true;
    case Operand::Kind::kBool:
    case Operand::Kind::kNumber:
    case Operand::Kind::kString:
      break;
    default:
      return EvaluateOperand(dot, operand, result) && Fits(parameter, *result);
  }
  switch (parameter.kind) {
    case Parameter::Kind::kAny:
      return EvaluateOperand(dot, operand, result);
    case Parameter::Kind::kBool:
      if (operand.kind != Operand::Kind::kBool) return expected("bool");
      return EvaluateOperand(dot, operand, result);
    case Parameter::Kind::kString:
      if (operand.kind != Operand::Kind::kString) return expected("string");
      return EvaluateOperand(dot, operand, result);
    case Parameter::Kind::kInt:
      if (operand.kind != Operand::Kind::kNumber || !operand.number.integer) return expected("integer");
      *result = Value(*operand.number.integer);
      return true;
    case Parameter::Kind::kFloat:
      if (operand.kind != Operand::Kind::kNumber || !operand.number.floating) return expected("float");
      *result = Value(*operand.number.floating);
      return true;
    case Parameter::Kind::kNamed:
      break;
  }
  return Fail("can't handle " + TextOf(operand) + " for arg of type " + std::string(TypeName(parameter)));
}

bool Interpreter::Fits(const Parameter& parameter, const Value& value) {
  const std::string type(TypeName(parameter));
  if (value.none()) return CanBeNil(parameter) || Fail("invalid value; expected " + type);
  if (parameter.kind == Parameter::Kind::kAny || value.TypeName() == type) return true;
  return Fail("wrong type for value; expected " + type + "; got " + value.TypeName());
}

}  // namespace sidelight::text_template
