// Function: one name that a template may call, and the table of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "rules/template/value.h"

namespace sidelight::text_template {

// What a parameter takes.
struct Parameter {
  enum class Kind : uint8_t { kAny, kBool, kInt, kFloat, kString, kNamed };
  Kind kind = Kind::kAny;
  std::string_view type = {};  // of kNamed: the type name of a list, a map or an object
};
// As Go names it: "interface {}", "string".
std::string_view TypeName(const Parameter& parameter);

// What a function may ask of the template that calls it.
class Caller {
 public:
  // What Template::Execute was given.
  virtual void* host() const = 0;
  // Runs the template of that name in the same set, and gives what it wrote.
  virtual Result<std::string> ExecuteTemplate(std::string_view name, const Value& data) = 0;
  // Bytes that a text still may have.
  virtual size_t room() const = 0;

 protected:
  ~Caller() = default;
};

using Arguments = std::span<const Value>;

struct Function {
  std::vector<Parameter> parameters;
  bool variadic = false;  // the last parameter may come any number of times
  // The values fit the parameters. The error's message is what Go writes behind "error calling NAME: ".
  Result<Value> (*call)(Caller& caller, Arguments arguments) = nullptr;
};

using FunctionTable = std::map<std::string, Function, std::less<>>;

// and, or, not, eq ...: there in every template.
const FunctionTable& Builtins();

}  // namespace sidelight::text_template
