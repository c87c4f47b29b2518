// Template: Go's text/template as a small interpreter, for texts that come from outside.
//
// Knows nothing of what the texts are for: functions come in as a table (function.h), data as a Value
// (value.h). What it takes: actions with trim markers, comments, variables, pipelines, if, range (lists, maps
// in the order of their keys, ints), with, else, break, continue, define, template, block, parentheses, every
// literal but complex numbers, and the builtins and, or, not, eq, ne, lt, le, gt, ge, len, index, slice,
// print, printf, println, html, js, urlquery. A missing key of a map gives its zero value (Go's option
// missingkey=zero).
//
// Parsed once, then executed any number of times; immutable, and safe on any thread.
//
// Source: https://pkg.go.dev/text/template .
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/error.h"
#include "rules/template/ast.h"
#include "rules/template/function.h"
#include "rules/template/value.h"

namespace sidelight::text_template {

// Of one execution.
struct Limits {
  // A step is a part of the tree that was looked at, or 64 bytes of text that a part had to do with.
  uint64_t steps = 1'000'000;
  size_t output = 256 * 1024;  // bytes, of every text within too
  int depth = 200;             // of parts and calls of templates within each other
};

class Template {
 public:
  // kInvalidArgument in Go's words ("template: NAME:1: unclosed action"), kLimit for a text that nests more
  // than 100 deep. `functions` must outlive the template.
  static Result<Template> Parse(std::string_view name, std::string_view text, const FunctionTable& functions);

  // `data` is the dot; `host` is what functions find as Caller::host. kInvalidArgument in Go's words
  // ("template: NAME:1:2: executing \"NAME\" at <.x>: ..."), kLimit.
  Result<std::string> Execute(const Value& data, void* host, const Limits& limits = {}) const;

 private:
  std::string name_;
  std::string text_;
  std::shared_ptr<const Definitions> definitions_;
};

}  // namespace sidelight::text_template
