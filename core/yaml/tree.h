// Tree: what a Document holds. The values lie in one flat array and name each other by index, so that nothing
// of ours walks them by recursion, however deep they are.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/yaml/secrecy.h"
#include "core/yaml/source.h"
#include "core/yaml/yaml.h"

namespace sidelight::yaml {

enum class Kind : uint8_t {
  kNull,
  kScalar,
  kSequence,
  kMapping,
  kBroken,  // an error has been recorded for it; whoever reads it says nothing more
};

struct Value {
  Kind kind = Kind::kNull;
  bool plain = false;   // a scalar without quotes
  bool hidden = false;  // a secret, or near one: no error shows what it is
  Place place{};
  std::string text{};  // of a scalar, before the environment is put in
  // Of a sequence its items, of a mapping key, value, key, value... A value that aliases name has several
  // parents.
  std::vector<int> children{};
};

struct Tree {
  Tree(std::string name, std::string text, Document::Options the_options);

  void Fail(Place place, std::string message);
  void Warn(Place place, std::string message);
  // No error shows that value and what is in it, whether it is recorded before or after.
  void Hide(int id);
  bool Full() const { return problems.size() >= options.max_errors; }
  Status status() const;

  Source source;
  Document::Options options;
  std::vector<Value> values;  // the first is the root
  std::vector<Problem> problems;
  std::vector<Problem> warnings;
  std::vector<Extent> secrets;
  size_t unlisted = 0;              // problems beyond options.max_errors
  std::optional<Error> unreadable;  // the file could not be read; then there is nothing else
};

// Fills an empty tree from its source; a text that is no YAML leaves one broken value and the error.
void ParseInto(Tree& tree);

std::string_view Describe(Kind kind);  // "a mapping"

}  // namespace sidelight::yaml
