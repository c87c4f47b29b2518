// The tree of a template: what the parser builds and the interpreter walks. Immutable afterwards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rules/template/function.h"
#include "rules/template/value.h"

namespace sidelight::text_template {

struct Pipeline;

// A literal number is of no type until it is used: 1.0 may be taken as an int, 1 as a float.
struct Number {
  std::optional<int64_t> integer;
  std::optional<double> floating;
  bool beyond_int = false;  // an integer that only unsigned ones hold
  bool as_float = false;    // how it is taken where anything would do
};

struct Operand {
  enum class Kind : uint8_t {
    kBool,
    kNumber,
    kString,
    kNil,
    kDot,
    kField,
    kVariable,
    kFunction,
    kChain,
    kPipeline
  };
  Kind kind = Kind::kDot;
  size_t position = 0;
  std::string text;                 // as it was written; of a chain the fields alone
  std::vector<std::string> fields;  // of a field, a variable (behind its name), a chain
  std::string name;                 // of a variable, with its $; of a function
  bool truth = false;
  std::string string;
  Number number;
  const Function* function = nullptr;  // owned by the table that the template was parsed with
  std::unique_ptr<Operand> base;       // of a chain
  std::unique_ptr<Pipeline> pipeline;  // in parentheses
};

struct Command {
  size_t position = 0;
  std::vector<Operand> operands;  // at least one
};

struct Pipeline {
  size_t position = 0;
  bool assigns = false;                   // `=`, not `:=`
  std::vector<std::string> declarations;  // with their $
  std::vector<Command> commands;          // at least one
};

struct Statement {
  enum class Kind : uint8_t { kText, kAction, kIf, kWith, kRange, kTemplate, kBreak, kContinue };
  Kind kind = Kind::kText;
  size_t position = 0;
  std::string text;                    // what to write; the name of the template to call
  std::unique_ptr<Pipeline> pipeline;  // null: a text, a break, a call without an argument
  std::vector<Statement> body;
  std::vector<Statement> otherwise;
};

// By name; the text as a whole is the one that has the template's own name.
using Definitions = std::map<std::string, std::vector<Statement>, std::less<>>;

// As Go writes the parts of a tree in its messages.
std::string TextOf(const Operand& operand);
std::string TextOf(const Command& command);
std::string TextOf(const Pipeline& pipeline);
std::string TextOf(const Statement& statement);

}  // namespace sidelight::text_template
