#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/yaml/source.h"
#include "core/yaml/spelling.h"
#include "core/yaml/tree.h"
#include "core/yaml/yaml.h"

namespace sidelight::yaml {
namespace {

std::string NoValue(std::string_view key) {
  return fmt::format("{} has no value; give it one or remove the key", Quoted(key));
}

}  // namespace

void Mapping::Ask(std::string_view key) {
  if (std::find(asked_.begin(), asked_.end(), key) == asked_.end()) asked_.emplace_back(key);
}

Node Mapping::Get(std::string_view key) {
  Ask(key);
  if (!node_) return {};
  Tree& tree = *node_.tree_;
  const std::vector<int>& children = tree.values[node_.id_].children;
  for (size_t i = 0; i + 1 < children.size(); i += 2) {
    const Value& name = tree.values[children[i]];
    if (name.kind != Kind::kScalar || name.text != key) continue;
    if (tree.values[children[i + 1]].kind != Kind::kNull) return Node(node_.tree_, children[i + 1]);
    tree.Fail(name.place, NoValue(key));
    return {};
  }
  return {};
}

Node Mapping::RequiredNode(std::string_view key) {
  Node value = Get(key);
  if (value || !node_) return value;
  const Tree& tree = *node_.tree_;
  const std::vector<int>& children = tree.values[node_.id_].children;
  for (size_t i = 0; i + 1 < children.size(); i += 2) {
    if (tree.values[children[i]].text == key) return {};  // there, but without a value, which Get said
  }
  Fail(fmt::format("the key \"{}\" is missing", key));
  return {};
}

std::optional<size_t> Mapping::OneOf(std::string_view key, const std::vector<std::string_view>& words) {
  const Node value = Get(key);
  if (!value) return std::nullopt;
  const std::optional<std::string> text = value.Scalar("one word");
  if (!text) return std::nullopt;
  const auto found = std::find(words.begin(), words.end(), *text);
  if (found != words.end()) return static_cast<size_t>(found - words.begin());
  const std::string& raw = value.tree_->values[value.id_].text;
  value.Fail(
      fmt::format("{} is no valid value of \"{}\"; {}", Quoted(raw), key, Suggestion(raw, words, "values")));
  return std::nullopt;
}

std::vector<Mapping::Entry> Mapping::Entries() {
  std::vector<Entry> entries;
  asked_for_all_ = true;
  if (!node_) return entries;
  Tree& tree = *node_.tree_;
  const std::vector<int>& children = tree.values[node_.id_].children;
  for (size_t i = 0; i + 1 < children.size(); i += 2) {
    const Value& name = tree.values[children[i]];
    if (name.kind != Kind::kScalar) continue;
    if (tree.values[children[i + 1]].kind == Kind::kNull) {
      tree.Fail(name.place, NoValue(name.text));
      continue;
    }
    entries.push_back({name.text, Node(node_.tree_, children[i]), Node(node_.tree_, children[i + 1])});
  }
  return entries;
}

void Mapping::Finish() {
  if (!node_ || asked_for_all_) return;
  Tree& tree = *node_.tree_;
  const std::vector<std::string_view> valid(asked_.begin(), asked_.end());
  const std::vector<int>& children = tree.values[node_.id_].children;
  for (size_t i = 0; i + 1 < children.size(); i += 2) {
    const Value& name = tree.values[children[i]];
    if (name.kind != Kind::kScalar || std::find(valid.begin(), valid.end(), name.text) != valid.end())
      continue;
    // Searching for the nearest key takes its time, which a file of nothing else must not cost.
    tree.Fail(name.place, tree.Full() ? ""
                                      : fmt::format("unknown key {}; {}", Quoted(name.text),
                                                    Suggestion(name.text, valid, "keys")));
  }
}

void Mapping::Fail(std::string message) const {
  if (node_) node_.Fail(std::move(message));
}

}  // namespace sidelight::yaml
