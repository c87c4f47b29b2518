#include "rules/template/parser.h"

#include <algorithm>
#include <utility>

#include "rules/template/pipeline_parser.h"
#include "rules/template/print.h"

namespace sidelight::text_template {
namespace {

// What ended a list of statements.
enum class Ending : uint8_t { kEof, kEnd, kElse };

bool IsBlank(const std::vector<Statement>& statements) {
  return std::all_of(statements.begin(), statements.end(), [](const Statement& statement) {
    return statement.kind == Statement::Kind::kText &&
           statement.text.find_first_not_of(" \t\r\n") == std::string::npos;
  });
}

// Methods return false once something has failed; error_ says what.
class Parser final : private PipelineParser {
 public:
  Parser(std::string_view name, std::string_view text, const FunctionTable& functions)
      : PipelineParser(name, text, functions) {}

  Result<Definitions> Run() {
    std::vector<Statement> main;
    if (!TopLevel(&main) || !Define(std::string(name_), std::move(main))) {
      return tl::unexpected<Error>(std::move(error_));
    }
    return std::move(definitions_);
  }

 private:
  bool TopLevel(std::vector<Statement>* main) {
    while (Peek().kind != TokenKind::kEof) {
      if (Peek().kind == TokenKind::kLeftDelimiter) {
        const size_t start = position();
        Next();
        if (NextWord().kind == TokenKind::kDefine) {
          if (!Definition()) return false;
          continue;
        }
        GoTo(start);
      }
      Ending ending = Ending::kEof;
      if (!TextOrAction(main, &ending)) return false;
      if (ending == Ending::kEnd) return Fail("unexpected {{end}}");
      if (ending == Ending::kElse) return Fail("unexpected {{else}}");
    }
    return true;
  }

  // Up to and with what ends it.
  bool Statements(std::vector<Statement>* statements, Ending* ending) {
    const Nesting nesting(this);
    if (!nesting.Check()) return false;
    while (PeekWord().kind != TokenKind::kEof) {
      *ending = Ending::kEof;
      if (!TextOrAction(statements, ending)) return false;
      if (*ending != Ending::kEof) return true;
    }
    return Fail("unexpected EOF");
  }

  // Leaves `ending` alone unless it was {{end}} or {{else}}.
  bool TextOrAction(std::vector<Statement>* statements, Ending* ending) {
    const Token& token = NextWord();
    if (token.kind == TokenKind::kText) {
      statements->push_back({.kind = Statement::Kind::kText, .position = token.position, .text = token.text});
      return true;
    }
    if (token.kind != TokenKind::kLeftDelimiter) return Unexpected(token, "input");
    action_line_ = token.line;
    const bool parsed = Action(statements, ending);
    action_line_ = 0;
    return parsed;
  }

  bool Action(std::vector<Statement>* statements, Ending* ending) {
    const Token& token = NextWord();
    switch (token.kind) {
      case TokenKind::kEnd:
        *ending = Ending::kEnd;
        return Expect(TokenKind::kRightDelimiter, "end");
      case TokenKind::kElse: {
        *ending = Ending::kElse;
        const TokenKind next = PeekWord().kind;
        if (next == TokenKind::kIf || next == TokenKind::kWith) return true;
        return Expect(TokenKind::kRightDelimiter, "else");
      }
      default:
        break;
    }
    Statement statement{.position = token.position};
    if (!StatementOf(token, &statement)) return false;
    statements->push_back(std::move(statement));
    return true;
  }

  bool StatementOf(const Token& token, Statement* statement) {
    switch (token.kind) {
      case TokenKind::kIf:
        statement->kind = Statement::Kind::kIf;
        return Control("if", TokenKind::kIf, statement);
      case TokenKind::kWith:
        statement->kind = Statement::Kind::kWith;
        return Control("with", TokenKind::kWith, statement);
      case TokenKind::kRange:
        statement->kind = Statement::Kind::kRange;
        return Control("range", TokenKind::kRange, statement);
      case TokenKind::kTemplate:
        return Call(statement);
      case TokenKind::kBlock:
        return Block(statement);
      case TokenKind::kBreak:
        statement->kind = Statement::Kind::kBreak;
        return LeaveLoop("{{break}}");
      case TokenKind::kContinue:
        statement->kind = Statement::Kind::kContinue;
        return LeaveLoop("{{continue}}");
      default:
        break;
    }
    Back();
    statement->kind = Statement::Kind::kAction;
    statement->position = PeekWord().position;
    return PipelineUpTo(TokenKind::kRightDelimiter, "command", &statement->pipeline);
  }

  bool LeaveLoop(const std::string& what) {
    const Token& token = NextWord();
    if (token.kind != TokenKind::kRightDelimiter) return Unexpected(token, what);
    return loops_ > 0 || Fail(what + " outside {{range}}");
  }

  bool Control(std::string_view context, TokenKind keyword, Statement* statement) {
    const Nesting nesting(this);
    if (!nesting.Check()) return false;
    const size_t variables = variables_.size();
    const bool loop = keyword == TokenKind::kRange;
    if (!PipelineUpTo(TokenKind::kRightDelimiter, context, &statement->pipeline)) return false;
    Ending ending = Ending::kEof;
    loops_ += loop ? 1 : 0;
    const bool parsed = Statements(&statement->body, &ending);
    loops_ -= loop ? 1 : 0;
    if (!parsed) return false;
    if (ending == Ending::kElse && !Otherwise(context, keyword, statement)) return false;
    variables_.resize(variables);
    return true;
  }

  bool Otherwise(std::string_view context, TokenKind keyword, Statement* statement) {
    // {{else if}} is an if within the else, and both end with one {{end}}; so with {{else with}}.
    if (keyword != TokenKind::kRange && Peek().kind == keyword) {
      Statement inner{.kind = statement->kind, .position = Next().position};
      if (!Control(context, keyword, &inner)) return false;
      statement->otherwise.push_back(std::move(inner));
      return true;
    }
    Ending ending = Ending::kEof;
    if (!Statements(&statement->otherwise, &ending)) return false;
    return ending == Ending::kEnd || Fail("expected end; found {{else}}");
  }

  bool TemplateName(std::string_view context, std::string* name, size_t* position = nullptr) {
    const Token& token = NextWord();
    if (position != nullptr) *position = token.position;
    if (token.kind != TokenKind::kString && token.kind != TokenKind::kRawString)
      return Unexpected(token, context);
    return StringOf(token, name);
  }
  bool Call(Statement* statement) {
    statement->kind = Statement::Kind::kTemplate;
    if (!TemplateName("template clause", &statement->text, &statement->position)) return false;
    if (PeekWord().kind == TokenKind::kRightDelimiter) {
      Next();
      return true;
    }
    return PipelineUpTo(TokenKind::kRightDelimiter, "template clause", &statement->pipeline);
  }

  // {{define "name"}} and {{block "name" pipeline}}: a body with variables of its own.
  bool Body(std::string_view context, std::string name) {
    const std::vector<std::string> outer_variables = std::exchange(variables_, {"$"});
    const int outer_loops = std::exchange(loops_, 0);
    std::vector<Statement> body;
    Ending ending = Ending::kEof;
    if (!Statements(&body, &ending)) return false;
    if (ending != Ending::kEnd) return Fail("unexpected {{else}} in " + std::string(context));
    variables_ = outer_variables;
    loops_ = outer_loops;
    return Define(std::move(name), std::move(body));
  }

  bool Definition() {
    std::string name;
    if (!TemplateName("define clause", &name)) return false;
    if (!Expect(TokenKind::kRightDelimiter, "define clause")) return false;
    return Body("define clause", std::move(name));
  }

  bool Block(Statement* statement) {
    statement->kind = Statement::Kind::kTemplate;
    if (!TemplateName("block clause", &statement->text, &statement->position)) return false;
    if (!PipelineUpTo(TokenKind::kRightDelimiter, "block clause", &statement->pipeline)) return false;
    return Body("block clause", statement->text);
  }

  // A blank one neither replaces nor forbids another.
  bool Define(std::string name, std::vector<Statement> body) {
    const auto found = definitions_.find(name);
    if (found == definitions_.end()) {
      definitions_.emplace(std::move(name), std::move(body));
      return true;
    }
    if (IsBlank(body)) return true;
    if (!IsBlank(found->second)) return Fail("template: multiple definition of template " + QuoteText(name));
    found->second = std::move(body);
    return true;
  }

  int loops_ = 0;  // that are around
  Definitions definitions_;
};

}  // namespace

Result<Definitions> ParseTemplate(std::string_view name, std::string_view text,
                                  const FunctionTable& functions) {
  return Parser(name, text, functions).Run();
}

}  // namespace sidelight::text_template
