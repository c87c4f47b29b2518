// A template run over a little data, as one line of a table has it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "rules/template/template.h"

namespace sidelight::text_template {

// .Name "Ada", .Count 3, .Ratio 2.5, .Tags ["x" "y"], .Labels {a: "1", b: "2"} of strings, .Any {k: 1} of
// anything.
inline Value Data() {
  const auto text_map = std::make_shared<const PlainMap>(
      "map[string]string", PlainMap::Entries{{"b", Value("2")}, {"a", Value("1")}}, Value(""));
  const auto any_map =
      std::make_shared<const PlainMap>("map[string]interface {}", PlainMap::Entries{{"k", Value(1)}});
  const auto tags = std::make_shared<const List>("[]string", std::vector<Value>{Value("x"), Value("y")});
  return Value(std::make_shared<const Struct>("data", Struct::Fields{{"Name", Value("Ada")},
                                                                     {"Count", Value(3)},
                                                                     {"Ratio", Value(2.5)},
                                                                     {"Tags", Value(tags)},
                                                                     {"Labels", Value(text_map)},
                                                                     {"Any", Value(any_map)}}));
}

// What it writes, or the error's message.
inline std::string Written(std::string_view text, const Limits& limits = {}) {
  static const FunctionTable kNone;
  const Result<Template> parsed = Template::Parse("t", text, kNone);
  if (!parsed) return parsed.error().message;
  const Result<std::string> written = parsed->Execute(Data(), nullptr, limits);
  return written ? *written : written.error().message;
}

}  // namespace sidelight::text_template
