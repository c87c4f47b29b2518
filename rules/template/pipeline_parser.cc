#include "rules/template/pipeline_parser.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "rules/template/lexer.h"
#include "rules/template/literal.h"
#include "rules/template/print.h"

namespace sidelight::text_template {
namespace {

constexpr int kMaxDepth = 100;  // of blocks and parentheses within each other

bool StartsOperand(TokenKind kind) {
  switch (kind) {
    case TokenKind::kBool:
    case TokenKind::kCharacterConstant:
    case TokenKind::kDot:
    case TokenKind::kField:
    case TokenKind::kIdentifier:
    case TokenKind::kNumber:
    case TokenKind::kNil:
    case TokenKind::kRawString:
    case TokenKind::kString:
    case TokenKind::kVariable:
    case TokenKind::kLeftParenthesis:
      return true;
    default:
      return false;
  }
}

}  // namespace

PipelineParser::PipelineParser(std::string_view name, std::string_view text, const FunctionTable& functions)
    : name_(name), functions_(functions), tokens_(Lex(text)) {}

bool PipelineParser::Nesting::Check() const {
  return parser_->depth_ <= kMaxDepth ||
         parser_->Fail("nested more than " + std::to_string(kMaxDepth) + " deep", ErrorCode::kLimit);
}

const Token& PipelineParser::Next() {
  const Token& token = tokens_[at_];
  if (at_ + 1 < tokens_.size()) {
    ++at_;
  } else {
    past_end_ = true;
  }
  return token;
}

void PipelineParser::Back() {
  if (past_end_) {
    past_end_ = false;
  } else {
    --at_;
  }
}

const Token& PipelineParser::NextWord() {
  const Token* token = &Next();
  while (token->kind == TokenKind::kSpace) token = &Next();
  return *token;
}

const Token& PipelineParser::PeekWord() {
  while (Peek().kind == TokenKind::kSpace) Next();
  return Peek();
}

bool PipelineParser::Fail(const std::string& message, ErrorCode code) {
  const size_t last = past_end_ ? at_ : at_ > 0 ? at_ - 1 : 0;
  error_ = {code,
            "template: " + std::string(name_) + ":" + std::to_string(tokens_[last].line) + ": " + message};
  return false;
}

bool PipelineParser::Unexpected(const Token& token, std::string_view context) {
  if (token.kind != TokenKind::kError) {
    return Fail("unexpected " + Describe(token) + " in " + std::string(context));
  }
  std::string message = token.text;
  if (action_line_ != 0 && action_line_ != token.line) {
    message += message.ends_with(" action") ? " started at " : " in action started at ";
    message += std::string(name_) + ":" + std::to_string(action_line_);
  }
  return Fail(message);
}

bool PipelineParser::Expect(TokenKind kind, std::string_view context) {
  const Token& token = NextWord();
  return token.kind == kind || Unexpected(token, context);
}

bool PipelineParser::StringOf(const Token& token, std::string* value) {
  std::optional<std::string> text = ReadString(token.text);
  if (!text) return Fail("invalid syntax");
  *value = std::move(*text);
  return true;
}

bool PipelineParser::PipelineUpTo(TokenKind end, std::string_view context,
                                  std::unique_ptr<Pipeline>* result) {
  const Nesting nesting(this);
  if (!nesting.Check()) return false;
  auto pipeline = std::make_unique<Pipeline>();
  pipeline->position = PeekWord().position;
  if (!Declarations(context, pipeline.get())) return false;
  for (;;) {
    const Token& token = NextWord();
    if (token.kind == end) break;
    if (!StartsOperand(token.kind)) return Unexpected(token, context);
    Back();
    Command command;
    if (!CommandOf(&command)) return false;
    pipeline->commands.push_back(std::move(command));
  }
  *result = std::move(pipeline);
  return CheckCommands(**result, context);
}

// "$x :=", "$i, $x :=", "$x =": nothing where the pipeline starts with a variable that is only used.
bool PipelineParser::Declarations(std::string_view context, Pipeline* pipeline) {
  while (PeekWord().kind == TokenKind::kVariable) {
    const size_t start = at_;
    const std::string variable = Next().text;
    const Token& next = PeekWord();
    if (next.kind == TokenKind::kAssign || next.kind == TokenKind::kDeclare) {
      pipeline->assigns = next.kind == TokenKind::kAssign;
      Next();
      pipeline->declarations.push_back(variable);
      variables_.push_back(variable);
      return true;
    }
    if (next.kind != TokenKind::kCharacter || next.text != ",") {
      at_ = start;
      return true;
    }
    Next();
    pipeline->declarations.push_back(variable);
    variables_.push_back(variable);
    if (context != "range" || pipeline->declarations.size() >= 2) {
      return Fail("too many declarations in " + std::string(context));
    }
    const TokenKind second = PeekWord().kind;
    if (second != TokenKind::kVariable && second != TokenKind::kRightDelimiter &&
        second != TokenKind::kRightParenthesis) {
      return Fail("range can only initialize variables");
    }
  }
  return true;
}

bool PipelineParser::CheckCommands(const Pipeline& pipeline, std::string_view context) {
  if (pipeline.commands.empty()) return Fail("missing value for " + std::string(context));
  for (size_t i = 1; i < pipeline.commands.size(); ++i) {
    switch (pipeline.commands[i].operands[0].kind) {
      case Operand::Kind::kBool:
      case Operand::Kind::kDot:
      case Operand::Kind::kNil:
      case Operand::Kind::kNumber:
      case Operand::Kind::kString:
        return Fail("non executable command in pipeline stage " + std::to_string(i + 1));
      default:
        break;
    }
  }
  return true;
}

bool PipelineParser::CommandOf(Command* command) {
  command->position = PeekWord().position;
  for (;;) {
    if (StartsOperand(PeekWord().kind)) {
      Operand operand;
      if (!OperandOf(&operand)) return false;
      command->operands.push_back(std::move(operand));
    }
    const Token& token = Next();
    if (token.kind == TokenKind::kSpace) continue;
    if (token.kind == TokenKind::kRightDelimiter || token.kind == TokenKind::kRightParenthesis) {
      Back();
    } else if (token.kind != TokenKind::kPipe) {
      return Unexpected(token, "operand");
    }
    break;
  }
  return !command->operands.empty() || Fail("empty command");
}

// A term and the fields behind it.
bool PipelineParser::OperandOf(Operand* operand) {
  if (!Term(operand)) return false;
  if (Peek().kind != TokenKind::kField) return true;
  std::vector<std::string> fields;
  std::string text;
  const size_t position = Peek().position;
  while (Peek().kind == TokenKind::kField) {
    const Token& token = Next();
    text += token.text;
    fields.push_back(token.text.substr(1));
  }
  switch (operand->kind) {
    case Operand::Kind::kField:
    case Operand::Kind::kVariable:
      operand->text += text;
      operand->position = position;  // as Go has it: of what follows
      operand->fields.insert(operand->fields.end(), fields.begin(), fields.end());
      return true;
    case Operand::Kind::kBool:
    case Operand::Kind::kString:
    case Operand::Kind::kNumber:
    case Operand::Kind::kNil:
    case Operand::Kind::kDot:
      return Fail("unexpected . after term " + QuoteText(TextOf(*operand)));
    default:
      break;
  }
  Operand chain{
      .kind = Operand::Kind::kChain, .position = position, .text = text, .fields = std::move(fields)};
  chain.base = std::make_unique<Operand>(std::move(*operand));
  *operand = std::move(chain);
  return true;
}

bool PipelineParser::Term(Operand* operand) {
  const Token& token = NextWord();
  operand->position = token.position;
  operand->text = token.text;
  switch (token.kind) {
    case TokenKind::kIdentifier:
      return FunctionOf(token, operand);
    case TokenKind::kDot:
      operand->kind = Operand::Kind::kDot;
      return true;
    case TokenKind::kNil:
      operand->kind = Operand::Kind::kNil;
      return true;
    case TokenKind::kVariable:
      operand->kind = Operand::Kind::kVariable;
      operand->name = token.text;
      return std::find(variables_.begin(), variables_.end(), token.text) != variables_.end() ||
             Fail("undefined variable " + QuoteText(token.text));
    case TokenKind::kField:
      operand->kind = Operand::Kind::kField;
      operand->fields.push_back(token.text.substr(1));
      return true;
    case TokenKind::kBool:
      operand->kind = Operand::Kind::kBool;
      operand->truth = token.text == "true";
      return true;
    case TokenKind::kCharacterConstant:
    case TokenKind::kNumber:
      return NumberOf(token, operand);
    case TokenKind::kLeftParenthesis:
      operand->kind = Operand::Kind::kPipeline;
      return PipelineUpTo(TokenKind::kRightParenthesis, "parenthesized pipeline", &operand->pipeline);
    default:
      operand->kind = Operand::Kind::kString;
      return StringOf(token, &operand->string);
  }
}

bool PipelineParser::FunctionOf(const Token& token, Operand* operand) {
  operand->kind = Operand::Kind::kFunction;
  operand->name = token.text;
  for (const FunctionTable* table : {&functions_, &Builtins()}) {
    const auto found = table->find(token.text);
    if (found == table->end()) continue;
    operand->function = &found->second;
    return true;
  }
  return Fail("function " + QuoteText(token.text) + " not defined");
}

bool PipelineParser::NumberOf(const Token& token, Operand* operand) {
  operand->kind = Operand::Kind::kNumber;
  if (token.kind == TokenKind::kCharacterConstant) {
    const std::optional<uint32_t> character = ReadCharacter(token.text);
    if (!character) return Fail("malformed character constant: " + token.text);
    operand->number = {.integer = *character, .floating = *character};
    return true;
  }
  const std::optional<Number> number = ReadNumber(token.text);
  if (!number) {
    // What only reads as a float, and looks like an integer, is too large for one.
    const bool overflows =
        token.text.find_first_of(".eEpP") == std::string::npos && ReadFloat(token.text).has_value();
    return Fail((overflows ? "integer overflow: " : "illegal number syntax: ") + QuoteText(token.text));
  }
  operand->number = *number;
  return true;
}

}  // namespace sidelight::text_template
