#include "rules/template/template.h"

#include "rules/template/interpreter.h"
#include "rules/template/parser.h"

namespace sidelight::text_template {

Result<Template> Template::Parse(std::string_view name, std::string_view text,
                                 const FunctionTable& functions) {
  Result<Definitions> definitions = ParseTemplate(name, text, functions);
  if (!definitions) return tl::unexpected<Error>(std::move(definitions.error()));
  Template parsed;
  parsed.name_ = name;
  parsed.text_ = text;
  parsed.definitions_ = std::make_shared<const Definitions>(std::move(*definitions));
  return parsed;
}

Result<std::string> Template::Execute(const Value& data, void* host, const Limits& limits) const {
  return Interpreter(name_, text_, *definitions_, host, limits).Run(data);
}

}  // namespace sidelight::text_template
