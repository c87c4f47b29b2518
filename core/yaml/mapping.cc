#include <fmt/format.h>

#include <algorithm>
#include <cctype>
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

// What a key looks like. In a mapping that holds secrets anything else may be one that lost its place, and so
// may a word without a value.
bool IsWord(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return c < 0x80 && (std::isalnum(c) != 0 || c == '_' || c == '-');
  });
}

}  // namespace

void Mapping::Ask(std::string_view key) {
  if (std::find(asked_.begin(), asked_.end(), key) == asked_.end()) asked_.emplace_back(key);
}

std::optional<size_t> Mapping::Find(std::string_view key) const {
  if (!node_) return std::nullopt;
  const Tree& tree = *node_.tree_;
  const std::vector<int>& children = tree.values[node_.id_].children;
  for (size_t i = 0; i + 1 < children.size(); i += 2) {
    const Value& name = tree.values[children[i]];
    if (name.kind == Kind::kScalar && name.text == key) return i;
  }
  return std::nullopt;
}

Node Mapping::Get(std::string_view key) {
  Ask(key);
  const std::optional<size_t> found = Find(key);
  if (!found) return {};
  Tree& tree = *node_.tree_;
  const std::vector<int>& children = tree.values[node_.id_].children;
  if (tree.values[children[*found + 1]].kind != Kind::kNull) return Node(node_.tree_, children[*found + 1]);
  if (!tree.options.as_go) tree.Fail(tree.values[children[*found]].place, NoValue(key));
  return {};
}

Node Mapping::RequiredNode(std::string_view key) {
  Node value = Get(key);
  if (value || !node_) return value;
  if (const std::optional<size_t> found = Find(key)) {
    Tree& tree = *node_.tree_;
    const Place place = tree.values[tree.values[node_.id_].children[*found]].place;
    if (tree.options.as_go) tree.Fail(place, NoValue(key));  // else Get said it
    return {};
  }
  Fail(fmt::format("the key \"{}\" is missing", key));
  return {};
}

void Mapping::Refuse(std::string_view key, const std::string& message) {
  refused_.emplace_back(key);
  if (const std::optional<size_t> found = Find(key)) {
    Tree& tree = *node_.tree_;
    tree.Fail(tree.values[tree.values[node_.id_].children[*found]].place, message);
  }
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
    if (tree.values[children[i + 1]].kind == Kind::kNull && !tree.options.as_go) {
      tree.Fail(name.place, NoValue(name.text));
      continue;
    }
    entries.push_back({name.text, Node(node_.tree_, children[i]), Node(node_.tree_, children[i + 1])});
  }
  return entries;
}

void Mapping::HideWhatIsUnknown() {
  Tree& tree = *node_.tree_;
  std::vector<std::string_view> expected(asked_.begin(), asked_.end());
  const std::vector<int>& children = tree.values[node_.id_].children;
  for (size_t i = 0; i + 1 < children.size(); i += 2) {
    const std::string& name = tree.values[children[i]].text;
    const auto found = std::find(expected.begin(), expected.end(), name);
    if (found == expected.end()) {
      const bool has_value = tree.values[children[i + 1]].kind != Kind::kNull;
      tree.Hide(IsWord(name) && has_value ? children[i + 1] : children[i]);
    } else {
      expected.erase(found);
    }
  }
}

void Mapping::Finish() {
  if (node_ && hides_unknown_) HideWhatIsUnknown();
  if (!node_ || asked_for_all_) return;
  Tree& tree = *node_.tree_;
  const std::vector<std::string_view> valid(asked_.begin(), asked_.end());
  const std::vector<int>& children = tree.values[node_.id_].children;
  for (size_t i = 0; i + 1 < children.size(); i += 2) {
    const Value& name = tree.values[children[i]];
    if (name.kind != Kind::kScalar || std::find(valid.begin(), valid.end(), name.text) != valid.end() ||
        std::find(refused_.begin(), refused_.end(), name.text) != refused_.end()) {
      continue;
    }
    // Searching for the nearest key takes its time, which a file of nothing else must not cost.
    tree.Fail(name.place, tree.Full()
                              ? ""
                              : fmt::format("unknown key{}; {}", name.hidden ? "" : " " + Quoted(name.text),
                                            Suggestion(name.text, valid, "keys")));
  }
}

void Mapping::Fail(std::string message) const {
  if (node_) node_.Fail(std::move(message));
}

}  // namespace sidelight::yaml
