// Parser: from the text of a template to its tree.
//
// Source: https://pkg.go.dev/text/template .
#pragma once

#include <string_view>

#include "core/base/error.h"
#include "rules/template/ast.h"
#include "rules/template/function.h"

namespace sidelight::text_template {

// kInvalidArgument in Go's words, "template: NAME:LINE: ..."; kLimit for a text that nests too deeply.
Result<Definitions> ParseTemplate(std::string_view name, std::string_view text,
                                  const FunctionTable& functions);

}  // namespace sidelight::text_template
