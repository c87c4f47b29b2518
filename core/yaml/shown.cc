// A document written again for people to see: in blocks, without comments, without secrets.
#include <fmt/format.h>

#include <algorithm>

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

class Shower {
 public:
  explicit Shower(const Tree& tree) : tree_(tree) {}

  // `key: value` and a line break, at that level.
  void Pair(const Value& key, const Value& value, size_t level) {
    out_ += ScalarText(key) + ':';
    const bool hidden = value.hidden || (SoundsSecret(key.text) && value.kind != Kind::kNull);
    Behind(value, hidden, level);
  }
  std::string Take() { return std::move(out_); }

 private:
  const Value& At(int id) const { return tree_.values[id]; }
  void Indent(size_t level) { out_.append(level * kIndent, ' '); }

  // What stands behind a key and its colon.
  void Behind(const Value& value, bool hidden, size_t level) {
    const bool block = !hidden && !value.children.empty();
    if (!block) {
      out_ += ' ';
      Inline(value, hidden);
      return;
    }
    out_ += '\n';
    // The items of a list stand below their key, those of a mapping further in.
    const size_t inner = value.kind == Kind::kSequence ? level : level + 1;
    Indent(inner);
    Block(value, inner);
  }

  void Inline(const Value& value, bool hidden) {
    if (hidden) {
      out_ += kInstead;
    } else if (value.kind == Kind::kScalar) {
      out_ += ScalarText(value);
    } else {
      out_ += value.kind == Kind::kSequence ? "[]" : value.kind == Kind::kMapping ? "{}" : "null";
    }
    out_ += '\n';
  }

  // With the indentation of its first line written already.
  void Block(const Value& value, size_t level) {
    const size_t step = value.kind == Kind::kMapping ? 2 : 1;
    for (size_t i = 0; i + step <= value.children.size(); i += step) {
      if (i > 0) Indent(level);
      if (step == 2) {
        Pair(At(value.children[i]), At(value.children[i + 1]), level);
      } else {
        Item(At(value.children[i]), level);
      }
    }
  }

  void Item(const Value& value, size_t level) {
    out_ += "- ";
    if (value.hidden || value.children.empty()) {
      Inline(value, value.hidden);
    } else {
      Block(value, level + 1);
    }
  }

  const Tree& tree_;
  std::string out_;
};

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

std::vector<std::pair<std::string, std::string>> Document::Shown() const {
  std::vector<std::pair<std::string, std::string>> sections;
  const Value& root = tree_->values.front();
  if (root.kind != Kind::kMapping) return sections;
  for (size_t i = 0; i + 2 <= root.children.size(); i += 2) {
    const Value& key = tree_->values[root.children[i]];
    Shower shower(*tree_);
    shower.Pair(key, tree_->values[root.children[i + 1]], 0);
    sections.emplace_back(key.text, shower.Take());
  }
  return sections;
}

}  // namespace sidelight::yaml
