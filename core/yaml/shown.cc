#include "core/yaml/shown.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/yaml/secrecy.h"
#include "core/yaml/tree.h"
#include "core/yaml/yaml.h"

namespace sidelight::yaml {
namespace {

constexpr std::string_view kInstead = "<secret>";
constexpr size_t kIndent = 2;

std::string ScalarText(const Value& value) {
  std::string text = WithoutUsers(value.text);
  // A plain one that goes over several lines has lost them.
  return value.plain && text.find('\n') == std::string::npos ? text : QuotedScalar(text);
}

// As deep as the reader lets a document be.
ShownValue ShowValue(const Tree& tree, const Value& value, bool hidden) {
  ShownValue shown{.is_sequence = value.kind == Kind::kSequence};
  if (hidden) {
    shown.text = kInstead;
  } else if (value.kind == Kind::kScalar) {
    shown.text = ScalarText(value);
  } else if (value.children.empty()) {
    shown.text = shown.is_sequence ? "[]" : value.kind == Kind::kMapping ? "{}" : "null";
  } else if (shown.is_sequence) {
    for (const int id : value.children) {
      const Value& item = tree.values[id];
      shown.children.push_back(ShowValue(tree, item, item.hidden));
    }
  } else {
    for (size_t i = 0; i + 2 <= value.children.size(); i += 2) {
      const Value& key = tree.values[value.children[i]];
      const Value& entry = tree.values[value.children[i + 1]];
      const bool secret = entry.hidden || (SoundsSecret(key.text) && entry.kind != Kind::kNull);
      shown.children.push_back(ShowValue(tree, entry, secret));
      shown.children.back().key = ScalarText(key);
    }
  }
  return shown;
}

template <class Children>
auto FindIn(Children& children, std::string_view name) -> decltype(children.data()) {
  const auto found = std::find_if(children.begin(), children.end(), [&](const ShownValue& child) {
    return child.key == name || child.key == QuotedScalar(name);
  });
  return found == children.end() ? nullptr : &*found;
}

// With the indentation of its first line written already.
void WriteBlock(const ShownValue& value, size_t level, std::string* out) {
  for (const ShownValue& child : value.children) {
    if (&child != &value.children.front()) out->append(level * kIndent, ' ');
    *out += value.is_sequence ? "-" : child.key + ':';
    if (child.children.empty()) {
      *out += fmt::format(" {}\n", child.text);
      continue;
    }
    size_t inner = level + 1;
    if (value.is_sequence) {
      *out += ' ';
    } else {
      // The items of a list stand below their key, those of a mapping further in.
      if (child.is_sequence) --inner;
      *out += '\n';
      out->append(inner * kIndent, ' ');
    }
    WriteBlock(child, inner, out);
  }
}

}  // namespace

std::string QuotedScalar(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.append("\\").push_back(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out + '"';
}

ShownValue Document::Shown() const {
  const Value& root = tree_->values.front();
  if (root.kind != Kind::kMapping || root.children.empty()) return {};
  return ShowValue(*tree_, root, false);
}

ShownValue* ShownValue::Find(std::string_view name) {
  return FindIn(children, name);
}

const ShownValue* ShownValue::Find(std::string_view name) const {
  return FindIn(children, name);
}

ShownValue ShownValue::Text(std::string key, std::string_view text) {
  return {.key = std::move(key), .text = QuotedScalar(text)};
}

ShownValue ShownValue::Word(std::string key, std::string_view word) {
  return {.key = std::move(key), .text = std::string(word)};
}

std::string ToYaml(const ShownValue& mapping) {
  std::string out;
  WriteBlock(mapping, 0, &out);
  return out;
}

void CopyShown(std::span<const std::string_view> path, const ShownValue* from, ShownValue* to) {
  const std::string_view key = path.front();
  const ShownValue* const source = from == nullptr ? nullptr : from->Find(key);
  ShownValue* target = to->Find(key);
  if (source == nullptr && target == nullptr) return;
  if (target == nullptr) {
    to->text.clear();
    target = &to->children.emplace_back(ShownValue::Word(std::string(key), "{}"));
  }
  const bool is_end = path.size() == 1;
  if (is_end && source != nullptr) *target = *source;
  if (!is_end) CopyShown(path.subspan(1), source, target);
  const bool is_empty = is_end ? source == nullptr : target->children.empty();
  if (is_empty) to->children.erase(to->children.begin() + (target - to->children.data()));
}

}  // namespace sidelight::yaml
