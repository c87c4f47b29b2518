// How an interpreter finds the value of a pipeline.
#include <algorithm>

#include "rules/template/interpreter.h"

namespace sidelight::text_template {
namespace {

constexpr int kPipelineWeight = 1;

}  // namespace

bool Interpreter::Evaluate(const Value& dot, const Pipeline& pipeline, Value* result) {
  At(pipeline);
  if (++depth_ > limits_.depth) {
    return Fail("exceeded maximum template depth (" + std::to_string(limits_.depth) + ")", ErrorCode::kLimit);
  }
  Final final = nullptr;
  Value value;
  for (const Command& command : pipeline.commands) {
    Value next;
    if (!Spend(kPipelineWeight) || !EvaluateCommand(dot, command, final, &next)) return false;
    value = std::move(next);
    final = &value;
  }
  for (const std::string& name : pipeline.declarations) {
    if (pipeline.assigns) {
      if (!Set(name, value)) return false;
    } else {
      variables_.push_back({name, value});
    }
  }
  *result = std::move(value);
  --depth_;
  return true;
}

bool Interpreter::EvaluateCommand(const Value& dot, const Command& command, Final final, Value* result) {
  const Operand& first = command.operands[0];
  switch (first.kind) {
    case Operand::Kind::kFunction:
      return Call(dot, command, first, false, final, result);
    case Operand::Kind::kField:
    case Operand::Kind::kChain:
    case Operand::Kind::kVariable: {
      At(first);
      std::vector<Value> arguments;
      return Arguments(dot, command, final, &arguments) && EvaluateFields(dot, first, arguments, result);
    }
    case Operand::Kind::kPipeline:
      if (command.operands.size() > 1 || final != nullptr) {
        return Fail("can't give argument to non-function " + TextOf(*first.pipeline));
      }
      return Evaluate(dot, *first.pipeline, result);
    default:
      break;
  }
  At(first);
  if (command.operands.size() > 1 || final != nullptr) {
    return Fail("can't give argument to non-function " + TextOf(first));
  }
  if (first.kind == Operand::Kind::kNil) return Fail("nil is not a command");
  return EvaluateOperand(dot, first, result);
}

// What stands behind a field: arguments for its method.
bool Interpreter::Arguments(const Value& dot, const Command& command, Final final,
                            std::vector<Value>* arguments) {
  for (size_t i = 1; i < command.operands.size(); ++i) {
    Value argument;
    if (!EvaluateArgument(dot, Parameter{}, command.operands[i], &argument)) return false;
    arguments->push_back(std::move(argument));
  }
  if (final != nullptr) arguments->push_back(*final);
  At(command.operands[0]);
  return true;
}

bool Interpreter::EvaluateOperand(const Value& dot, const Operand& operand, Value* result) {
  At(operand);
  switch (operand.kind) {
    case Operand::Kind::kBool:
      *result = Value(operand.truth);
      return true;
    case Operand::Kind::kString:
      *result = Value(operand.string);
      return Spend(operand.string.size());
    case Operand::Kind::kNumber:
      return EvaluateConstant(operand, result);
    case Operand::Kind::kNil:
      *result = Value();
      return true;
    case Operand::Kind::kDot:
      *result = dot;
      return Spend(dot.weight());
    case Operand::Kind::kPipeline:
      return Evaluate(dot, *operand.pipeline, result);
    case Operand::Kind::kFunction:
      return Call(dot, Command{}, operand, true, nullptr, result);
    default:
      return EvaluateFields(dot, operand, {}, result);
  }
}

bool Interpreter::EvaluateConstant(const Operand& operand, Value* result) {
  const Number& number = operand.number;
  if (number.as_float) {
    *result = Value(*number.floating);
  } else if (number.integer) {
    *result = Value(*number.integer);
  } else {
    return Fail(operand.text + " overflows int");
  }
  return true;
}

bool Interpreter::EvaluateFields(const Value& dot, const Operand& operand,
                                 const std::vector<Value>& arguments, Value* result) {
  Value value;
  switch (operand.kind) {
    case Operand::Kind::kVariable: {
      size_t i = variables_.size();
      while (i > frame_ && variables_[i - 1].name != operand.name) --i;
      if (i == frame_) return Fail("undefined variable: " + operand.name);
      value = variables_[i - 1].value;
      if (operand.fields.empty() && !arguments.empty()) {
        return Fail("can't give argument to non-function " + operand.text);
      }
      break;
    }
    case Operand::Kind::kChain:
      if (operand.base->kind == Operand::Kind::kNil)
        return Fail("indirection through explicit nil in " + TextOf(operand));
      if (!EvaluateOperand(dot, *operand.base, &value)) return false;
      break;
    default:
      value = dot;
      break;
  }
  const std::vector<Value> none;
  for (size_t i = 0; i < operand.fields.size(); ++i) {
    Value next;
    const bool last = i + 1 == operand.fields.size();
    if (!EvaluateField(value, operand.fields[i], last ? arguments : none, &next)) return false;
    value = std::move(next);
  }
  *result = std::move(value);
  return Spend(result->weight());
}

bool Interpreter::EvaluateField(const Value& receiver, std::string_view field,
                                const std::vector<Value>& arguments, Value* result) {
  const std::string name(field);
  if (receiver.none()) return Fail("nil pointer evaluating interface {}." + name);
  if (const ObjectPtr* object = receiver.As<ObjectPtr>()) {
    if (std::optional<Result<Value>> called = (*object)->Method(field, arguments)) {
      if (!*called) return Fail(called->error().message, called->error().code);
      *result = std::move(**called);
      return true;
    }
    if (std::optional<Value> found = (*object)->Field(field)) {
      if (!arguments.empty()) return Fail(name + " has arguments but cannot be invoked as function");
      *result = std::move(*found);
      return true;
    }
  }
  if (const MapPtr* map = receiver.As<MapPtr>()) {
    if (!arguments.empty()) return Fail(name + " is not a method but has arguments");
    std::optional<Value> found = (*map)->Get(field);
    *result = found ? std::move(*found) : (*map)->Missing();
    return true;
  }
  return Fail("can't evaluate field " + name + " in type " + receiver.TypeName());
}

}  // namespace sidelight::text_template
