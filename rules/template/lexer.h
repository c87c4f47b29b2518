// Lexer: cuts a template into tokens. It ends with kEof, or with kError where the text makes no token.
//
// Source: https://pkg.go.dev/text/template .
#pragma once

#include <string_view>
#include <vector>

#include "rules/template/token.h"

namespace sidelight::text_template {

std::vector<Token> Lex(std::string_view text);

}  // namespace sidelight::text_template
