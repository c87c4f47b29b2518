// Literals of a template: Go's strings, characters and numbers.
//
// Source: https://go.dev/ref/spec#Lexical_elements .
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/error.h"
#include "rules/template/ast.h"

namespace sidelight::text_template {

// Of "..." or `...`, quotes included; nothing when it is not well formed.
std::optional<std::string> ReadString(std::string_view literal);
// Of 'x'.
std::optional<uint32_t> ReadCharacter(std::string_view literal);
std::optional<Number> ReadNumber(std::string_view literal);

// As Go's strconv.ParseFloat takes it ("1e3", "0x1p4", "Inf", "1_000"). The error says "invalid syntax" or
// "value out of range".
Result<double> ReadFloat(std::string_view text);

}  // namespace sidelight::text_template
