#include <fmt/format.h>

#include <utility>

#include "core/yaml/environment.h"
#include "core/yaml/scalar.h"
#include "core/yaml/source.h"
#include "core/yaml/tree.h"
#include "core/yaml/yaml.h"

namespace sidelight::yaml {
namespace {

bool HasKind(const Tree* tree, int id, Kind kind) {
  return id >= 0 && tree->values[id].kind == kind;
}

// What stands in the file in place of what was wanted.
std::string Found(const Value& value) {
  if (value.kind != Kind::kScalar || value.hidden) return std::string(Describe(value.kind));
  return fmt::format("{}{}", value.plain ? "" : "the quoted text ", Quoted(value.text));
}

Result<bool> ParseBool(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return Fail(ErrorCode::kInvalidArgument, "write true or false");
}

}  // namespace

bool Node::IsMapping() const {
  return HasKind(tree_, id_, Kind::kMapping);
}
bool Node::IsSequence() const {
  return HasKind(tree_, id_, Kind::kSequence);
}
bool Node::IsScalar() const {
  return HasKind(tree_, id_, Kind::kScalar);
}

bool Node::Is(std::string_view word) const {
  if (!IsScalar()) return false;
  const std::string& raw = tree_->values[id_].text;
  if (!tree_->options.expand_environment) return raw == word;
  const Result<Expansion> expansion = Expand(raw, tree_->options.environment);
  return expansion && expansion->text == word;
}

std::optional<std::string> Node::Scalar(std::string_view wanted) const {
  if (id_ < 0) return std::nullopt;
  const Value& value = tree_->values[id_];
  if (value.kind == Kind::kBroken) return std::nullopt;
  if (value.kind == Kind::kNull && tree_->options.as_go) return "";
  if (value.kind != Kind::kScalar) {
    Fail(fmt::format("expected {}, got {}", wanted, Found(value)));
    return std::nullopt;
  }
  if (!tree_->options.expand_environment) return value.text;
  Result<Expansion> expansion = Expand(value.text, tree_->options.environment);
  if (!expansion) {
    tree_->Fail(value.place, std::move(expansion.error().message));
    return std::nullopt;
  }
  return std::move(expansion->text);
}

template <class T>
bool Node::ReadText(std::string_view wanted, bool plain_only, Result<T> (*parse)(std::string_view),
                    T* out) const {
  const std::optional<std::string> text = Scalar(wanted);
  if (!text) return false;
  const Value& value = tree_->values[id_];
  if (plain_only && !value.plain) {
    Fail(fmt::format("expected {}, got {}; remove the quotes", wanted, Found(value)));
    return false;
  }
  const Result<T> parsed = parse(*text);
  if (!parsed) {
    Fail(fmt::format("expected {}, got {}: {}", wanted, Found(value), parsed.error().message));
    return false;
  }
  *out = *parsed;
  return true;
}

bool Node::Read(std::string* out) const {
  std::optional<std::string> text = Scalar("text");
  if (text) *out = std::move(*text);
  return text.has_value();
}

bool Node::Read(Secret* out) const {
  Hide();
  std::string text;
  if (!Read(&text)) return false;
  *out = Secret(std::move(text));
  return true;
}

bool Node::Read(bool* out) const {
  return ReadText("true or false", true, &ParseBool, out);
}
bool Node::Read(int64_t* out) const {
  return ReadText("a whole number", true, &ParseInt, out);
}
bool Node::Read(uint64_t* out) const {
  return ReadText("a whole number", true, &ParseUint, out);
}
bool Node::Read(double* out) const {
  return ReadText("a number", true, &ParseDouble, out);
}

bool Node::Read(Duration* out) const {
  return ReadText("a duration such as 5s or 1h30m", false, &ParseDurationText, out);
}

bool Node::ReadBytes(uint64_t* out) const {
  return ReadText("a size such as 64MiB or 512KiB", false, &ParseBytes, out);
}

bool Node::Read(std::vector<std::string>* out) const {
  if (id_ < 0) return false;
  const Value& value = tree_->values[id_];
  if (value.kind == Kind::kBroken) return false;
  if (value.kind != Kind::kSequence) {
    Fail(fmt::format("expected a list of texts, such as [\"a\", \"b\"], got {}", Found(value)));
    return false;
  }
  std::vector<std::string> items;
  bool good = true;
  for (const int child : value.children) {
    std::string item;
    if (Node(tree_, child).Read(&item)) {
      items.push_back(std::move(item));
    } else {
      good = false;
    }
  }
  if (good) *out = std::move(items);
  return good;
}

Mapping Node::AsMapping() const {
  if (id_ < 0) return Mapping(Node());
  const Value& value = tree_->values[id_];
  // A file without anything in it is a mapping without keys, so that what is missing can be said.
  if (value.kind == Kind::kMapping || (value.kind == Kind::kNull && id_ == 0)) return Mapping(*this);
  if (value.kind != Kind::kBroken)
    Fail(fmt::format("expected a mapping of keys and values, got {}", Found(value)));
  return Mapping(Node());
}

std::vector<Node> Node::AsSequence() const {
  std::vector<Node> items;
  if (id_ < 0) return items;
  const Value& value = tree_->values[id_];
  if (value.kind == Kind::kSequence) {
    for (const int child : value.children) {
      const Value& item = tree_->values[child];
      if (item.kind == Kind::kNull && tree_->options.as_go) {
        tree_->Warn(item.place, "an item of this list has no value, and is passed over");
      } else {
        items.push_back(Node(tree_, child));
      }
    }
  } else if (value.kind != Kind::kBroken) {
    Fail(fmt::format("expected a list, got {}", Found(value)));
  }
  return items;
}

void Node::Hide() const {
  if (id_ >= 0) tree_->Hide(id_);
}

void Node::Fail(std::string message) const {
  if (id_ < 0) return;
  const Value& value = tree_->values[id_];
  if (value.kind == Kind::kBroken) return;
  if (value.kind == Kind::kScalar && tree_->options.expand_environment) {
    if (const Result<Expansion> expansion = Expand(value.text, tree_->options.environment)) {
      message = Redact(std::move(message), value.text, *expansion);
    }
  }
  tree_->Fail(value.place, std::move(message));
}

bool Node::FailWithin(size_t offset, const std::string& message) const {
  if (!IsScalar() || tree_->options.expand_environment) return false;
  const Value& value = tree_->values[id_];
  const std::optional<Place> place = tree_->source.Within(value.place, value.text, offset);
  if (place) tree_->Fail(*place, message);
  return place.has_value();
}

void Node::Warn(std::string message) const {
  if (id_ >= 0) tree_->Warn(tree_->values[id_].place, std::move(message));
}

int Node::line() const {
  return id_ < 0 ? 0 : tree_->source.LineNumber(tree_->values[id_].place.line);
}

}  // namespace sidelight::yaml
