// Token: the words of a template.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace sidelight::text_template {

enum class TokenKind : uint8_t {
  kError,  // text is the message
  kEof,
  kText,  // outside of actions, trimmed
  kLeftDelimiter,
  kRightDelimiter,
  kLeftParenthesis,
  kRightParenthesis,
  kSpace,
  kPipe,
  kAssign,   // =
  kDeclare,  // :=
  kBool,
  kCharacterConstant,
  kNumber,
  kString,
  kRawString,
  kDot,
  kField,     // .name
  kVariable,  // $name, or $ alone
  kIdentifier,
  kNil,
  kCharacter,  // any other printable one, as the comma
  kBlock,
  kBreak,
  kContinue,
  kDefine,
  kElse,
  kEnd,
  kIf,
  kRange,
  kTemplate,
  kWith,
};

struct Token {
  TokenKind kind = TokenKind::kEof;
  size_t position = 0;  // bytes from the start
  int line = 1;
  std::string text;
};

// As Go's messages name it: "EOF", "<range>", "\"{{\"", cut after ten characters.
std::string Describe(const Token& token);

}  // namespace sidelight::text_template
