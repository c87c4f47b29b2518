// ShownValue: a value, or a whole document, for everybody's eyes. A tree and no text, so that parts of two
// documents can be put together.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sidelight::yaml {

struct ShownValue {
  std::string key = {};      // of an entry of a mapping, as YAML
  std::string text = {};     // as YAML, in one line; "" where there are children
  bool is_sequence = false;  // of the children: items, and not entries of a mapping
  std::vector<ShownValue> children = {};

  // The entry of that key; null when there is none.
  ShownValue* Find(std::string_view name);
  const ShownValue* Find(std::string_view name) const;

  // An entry of a mapping: a text in quotes, a word without.
  static ShownValue Text(std::string key, std::string_view text);
  static ShownValue Word(std::string key, std::string_view word);
};

// The mapping in blocks, each line with its line break.
std::string ToYaml(const ShownValue& mapping);

// What stands at that path (of keys, at least one) of `from`, be it nothing, then stands there in `to`.
// Mappings on the way are made, and removed when nothing is left in them. Null: there is nothing.
void CopyShown(std::span<const std::string_view> path, const ShownValue* from, ShownValue* to);

}  // namespace sidelight::yaml
