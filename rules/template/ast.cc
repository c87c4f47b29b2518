#include "rules/template/ast.h"

#include "rules/template/print.h"

namespace sidelight::text_template {

std::string TextOf(const Operand& operand) {
  switch (operand.kind) {
    case Operand::Kind::kPipeline:
      return "(" + TextOf(*operand.pipeline) + ")";
    case Operand::Kind::kChain:
      return TextOf(*operand.base) + operand.text;
    default:
      return operand.text;
  }
}

std::string TextOf(const Command& command) {
  std::string text;
  for (const Operand& operand : command.operands) {
    if (!text.empty()) text += " ";
    text += TextOf(operand);
  }
  return text;
}

std::string TextOf(const Pipeline& pipeline) {
  std::string text;
  for (const std::string& variable : pipeline.declarations) {
    if (!text.empty()) text += ", ";
    text += variable;
  }
  if (!text.empty()) text += pipeline.assigns ? " = " : " := ";
  for (size_t i = 0; i < pipeline.commands.size(); ++i) {
    if (i > 0) text += " | ";
    text += TextOf(pipeline.commands[i]);
  }
  return text;
}

std::string TextOf(const Statement& statement) {
  switch (statement.kind) {
    case Statement::Kind::kTemplate: {
      std::string text = "{{template " + QuoteText(statement.text);
      if (statement.pipeline != nullptr) text += " " + TextOf(*statement.pipeline);
      return text + "}}";
    }
    case Statement::Kind::kAction:
      return "{{" + TextOf(*statement.pipeline) + "}}";
    case Statement::Kind::kBreak:
      return "{{break}}";
    case Statement::Kind::kContinue:
      return "{{continue}}";
    default:
      return statement.text;
  }
}

}  // namespace sidelight::text_template
