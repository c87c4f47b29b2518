#include "core/relabel/expand.h"

#include <algorithm>
#include <optional>

namespace sidelight::relabel {
namespace {

constexpr size_t kMaxDigits = 8;  // of a group's number

// The name behind a dollar.
struct Reference {
  std::string name;
  size_t length = 0;  // of the whole, without the dollar
};

std::optional<Reference> ReadReference(std::string_view text) {
  static const RE2 word(R"([\p{L}\p{Nd}_]+)", RE2::Quiet);
  const bool braces = text.starts_with('{');
  if (braces) text.remove_prefix(1);
  const re2::StringPiece input(text.data(), text.size());
  re2::StringPiece name;
  if (!word.Match(input, 0, input.size(), RE2::ANCHOR_START, &name, 1)) return std::nullopt;
  const bool closed = name.size() < text.size() && text[name.size()] == '}';
  if (braces && !closed) return std::nullopt;
  return Reference{.name = std::string(name), .length = name.size() + (braces ? 2 : 0)};
}

// The number that a name is, if it is one: decimal, without zeros before it.
std::optional<size_t> NumberOf(std::string_view name) {
  const bool digits = std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!digits || name.size() > kMaxDigits || (name.size() > 1 && name[0] == '0')) return std::nullopt;
  size_t number = 0;
  for (const char c : name) number = number * 10 + static_cast<size_t>(c - '0');
  return number;
}

std::optional<size_t> GroupOf(const std::string& name, const RE2& regex) {
  if (const std::optional<size_t> number = NumberOf(name)) return number;
  const auto& named = regex.NamedCapturingGroups();
  const auto found = named.find(name);
  if (found == named.end()) return std::nullopt;
  return static_cast<size_t>(found->second);
}

}  // namespace

std::string Expand(std::string_view text, const RE2& regex, std::span<const re2::StringPiece> groups,
                   size_t most) {
  std::string out;
  while (out.size() <= most) {
    const size_t dollar = text.find('$');
    out += text.substr(0, dollar);
    if (dollar == std::string_view::npos) return out;
    text.remove_prefix(dollar + 1);
    if (text.starts_with('$')) {
      out += '$';
      text.remove_prefix(1);
      continue;
    }
    const std::optional<Reference> reference = ReadReference(text);
    if (!reference) {
      out += '$';
      continue;
    }
    text.remove_prefix(reference->length);
    const std::optional<size_t> group = GroupOf(reference->name, regex);
    if (group && *group < groups.size()) out.append(groups[*group].data(), groups[*group].size());
  }
  return out;
}

}  // namespace sidelight::relabel
