// `${env:NAME}` in a value becomes the environment's, `$$` becomes a dollar, and every other dollar stays.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/error.h"

namespace sidelight::yaml {

using Environment = std::function<std::optional<std::string>(const std::string&)>;

struct Expansion {
  std::string text;
  // The variables whose values are now in the text, and which no message may show.
  std::vector<std::pair<std::string, std::string>> used;
};

// What comes in is not looked at again. An error names the variable and never a value.
Result<Expansion> Expand(std::string_view text, const Environment& environment);

// The message without what came from the environment: `${env:NAME}` stands in its place.
std::string Redact(std::string message, std::string_view raw, const Expansion& expansion);

// The process' own environment.
std::optional<std::string> ProcessEnvironment(const std::string& name);

}  // namespace sidelight::yaml
