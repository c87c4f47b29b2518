// Interpreter: one execution of a template. Source: https://pkg.go.dev/text/template .
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "rules/template/ast.h"
#include "rules/template/function.h"
#include "rules/template/print.h"
#include "rules/template/template.h"
#include "rules/template/value.h"

namespace sidelight::text_template {

// Methods that return bool return false once something has failed; error_ says what. Every recursion passes a
// Nesting, every loop a Spend.
class Interpreter final : private Caller {
 public:
  Interpreter(std::string_view name, std::string_view text, const Definitions& definitions, void* host,
              const Limits& limits)
      : name_(name),
        text_(text),
        definitions_(definitions),
        host_(host),
        limits_(limits),
        out_(limits.output) {}

  Result<std::string> Run(const Value& data);

 private:
  enum class Flow : uint8_t { kOn, kBreak, kContinue };
  struct Variable {
    std::string_view name;
    Value value;
  };
  // What an operand or a pipeline leads into: the value of the command before, as the last argument.
  using Final = const Value*;

  class Nesting;

  void* host() const override { return host_; }
  Result<std::string> ExecuteTemplate(std::string_view name, const Value& data) override;
  size_t room() const override { return limits_.output - out_.size(); }

  // Statements.
  bool Walk(const Value& dot, const std::vector<Statement>& statements, Flow* flow);
  bool WalkStatement(const Value& dot, const Statement& statement, Flow* flow);
  bool WalkAction(const Value& dot, const Pipeline& pipeline);
  bool WalkIfOrWith(const Value& dot, const Statement& statement, Flow* flow);
  bool WalkRange(const Value& dot, const Statement& statement, Flow* flow);
  // `on` is set to false by {{break}}.
  bool WalkRound(const Statement& statement, Value key, Value item, bool* on);
  bool WalkCall(const Value& dot, const Statement& statement);
  bool CallTemplate(std::string_view name, const Value& data);
  bool Write(std::string_view text);

  // Pipelines.
  bool Evaluate(const Value& dot, const Pipeline& pipeline, Value* result);
  bool EvaluateCommand(const Value& dot, const Command& command, Final final, Value* result);
  bool EvaluateOperand(const Value& dot, const Operand& operand, Value* result);
  bool EvaluateFields(const Value& dot, const Operand& operand, const std::vector<Value>& arguments,
                      Value* result);
  bool EvaluateField(const Value& receiver, std::string_view field, const std::vector<Value>& arguments,
                     Value* result);
  bool EvaluateConstant(const Operand& operand, Value* result);
  bool Arguments(const Value& dot, const Command& command, Final final, std::vector<Value>* arguments);

  // Functions.
  bool Call(const Value& dot, const Command& command, const Operand& operand, bool alone, Final final,
            Value* result);
  bool CallLogic(const Value& dot, const Command& command, bool until, Final final, Value* result);
  bool EvaluateArgument(const Value& dot, const Parameter& parameter, const Operand& operand, Value* result);
  bool Fits(const Parameter& parameter, const Value& value);

  bool Set(std::string_view name, Value value);
  // Counts what was looked at.
  bool Spend(size_t weight);
  // Where the next error happens.
  template <class Node>
  void At(const Node& node) {
    position_ = node.position;
    node_ = &node;
    describe_ = [](const void* at) { return TextOf(*static_cast<const Node*>(at)); };
  }
  bool Fail(std::string_view message, ErrorCode code = ErrorCode::kInvalidArgument);

  std::string_view name_;
  std::string_view text_;
  const Definitions& definitions_;
  void* host_;
  const Limits& limits_;
  Printer out_;
  std::string_view current_;  // the template that runs
  std::vector<Variable> variables_;
  size_t frame_ = 0;  // of variables_: those of the template that runs
  uint64_t steps_ = 0;
  int depth_ = 0;
  size_t position_ = 0;
  const void* node_ = nullptr;
  std::string (*describe_)(const void*) = nullptr;
  Error error_;
};

}  // namespace sidelight::text_template
