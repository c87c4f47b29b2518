// PipelineParser: the tokens of a template, and what stands within an action: pipelines, commands, operands.
// parser.cc builds statements on it.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "rules/template/ast.h"
#include "rules/template/function.h"
#include "rules/template/token.h"

namespace sidelight::text_template {

// Methods that return bool return false once something has failed; error_ says what.
class PipelineParser {
 protected:
  PipelineParser(std::string_view name, std::string_view text, const FunctionTable& functions);

  // Tokens.
  const Token& Next();
  void Back();
  const Token& Peek() const { return tokens_[at_]; }
  // The same past spaces.
  const Token& NextWord();
  const Token& PeekWord();
  // So that what was read from `position()` on is read again.
  size_t position() const { return at_; }
  void GoTo(size_t position) {
    at_ = position;
    past_end_ = false;
  }

  // Errors.
  bool Fail(const std::string& message, ErrorCode code = ErrorCode::kInvalidArgument);
  bool Unexpected(const Token& token, std::string_view context);
  bool Expect(TokenKind kind, std::string_view context);

  class Nesting {
   public:
    explicit Nesting(PipelineParser* parser) : parser_(parser) { ++parser_->depth_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;
    ~Nesting() { --parser_->depth_; }
    bool Check() const;

   private:
    PipelineParser* parser_;
  };

  bool PipelineUpTo(TokenKind end, std::string_view context, std::unique_ptr<Pipeline>* result);
  bool StringOf(const Token& token, std::string* value);

  std::string_view name_;
  int action_line_ = 0;                         // 0: outside of an action
  std::vector<std::string> variables_ = {"$"};  // that are to be seen here
  Error error_;

 private:
  bool Declarations(std::string_view context, Pipeline* pipeline);
  bool CheckCommands(const Pipeline& pipeline, std::string_view context);
  bool CommandOf(Command* command);
  bool OperandOf(Operand* operand);
  bool Term(Operand* operand);
  bool FunctionOf(const Token& token, Operand* operand);
  bool NumberOf(const Token& token, Operand* operand);

  const FunctionTable& functions_;
  std::vector<Token> tokens_;
  size_t at_ = 0;
  bool past_end_ = false;  // the last token was taken
  int depth_ = 0;
};

}  // namespace sidelight::text_template
