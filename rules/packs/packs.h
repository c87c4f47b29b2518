// Packs: the rule files that ship with Sidelight, in the program itself. The configuration names them
// (`packs: [http, cache]`), and what they watch and how is in docs/rules.md and docs/runbooks.
#pragma once

#include <span>
#include <string_view>

namespace sidelight::rules {

struct Pack {
  std::string_view name;  // "http"
  std::string_view yaml;  // a rule file, as rules/packs/NAME.yaml has it
};

// All of them, by name. They live as long as the program.
std::span<const Pack> Packs();

// Nothing when there is none of that name.
const Pack* FindPack(std::string_view name);

}  // namespace sidelight::rules
