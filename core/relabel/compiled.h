// What a Rule keeps of itself once it is compiled.
#pragma once

#include <re2/re2.h>

#include "core/relabel/relabel.h"

namespace sidelight::relabel {

struct CompiledRule {
  explicit CompiledRule(const std::string& expression);

  RE2 regex;
};

// The words of the configuration, in the order of Action.
std::span<const std::string_view> ActionNames();

// A label's name may be any text: UTF-8, and at least a character.
bool IsLabelName(std::string_view name);

// What is wrong with a rule, each with the key that it is about.
struct Complaint {
  std::string_view key;
  std::string message;
};
std::vector<Complaint> Check(const Rule& rule);

}  // namespace sidelight::relabel
