#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "core/base/letter_case.h"
#include "core/relabel/compiled.h"
#include "core/relabel/draft.h"
#include "core/relabel/expand.h"

namespace sidelight::relabel {
namespace {

// `scratch` holds the text where it is of several.
std::string_view Joined(const Rule& rule, const Draft& draft, std::string& scratch) {
  if (rule.source_labels.empty()) return {};
  if (rule.source_labels.size() == 1) return draft.Get(rule.source_labels[0]);
  std::string& joined = scratch;
  for (size_t i = 0; i < rule.source_labels.size(); ++i) {
    if (i > 0) joined += rule.separator;
    joined += draft.Get(rule.source_labels[i]);
  }
  return joined;
}

bool Matches(const RE2& regex, std::string_view text) {
  return RE2::FullMatch(re2::StringPiece(text.data(), text.size()), regex);
}

// The whole match and its groups; nothing when the whole text does not match.
std::vector<re2::StringPiece> Groups(const RE2& regex, std::string_view text) {
  const re2::StringPiece input(text.data(), text.size());
  std::vector<re2::StringPiece> groups(static_cast<size_t>(regex.NumberOfCapturingGroups()) + 1);
  if (!regex.Match(input, 0, input.size(), RE2::ANCHOR_BOTH, groups.data(),
                   static_cast<int>(groups.size()))) {
    groups.clear();
  }
  return groups;
}

void Replace(const Rule& rule, const RE2& regex, std::string_view value, Draft& draft) {
  const std::vector<re2::StringPiece> groups = Groups(regex, value);
  if (groups.empty()) return;
  std::string target = Expand(rule.target_label, regex, groups);
  if (!IsLabelName(target)) return;
  draft.Set(std::move(target), Expand(rule.replacement, regex, groups));
}

void MapNames(const Rule& rule, const RE2& regex, Draft& draft) {
  for (const auto& [name, value] : draft.Entries()) {
    const std::vector<re2::StringPiece> groups = Groups(regex, name);
    if (groups.empty()) continue;
    std::string mapped = Expand(rule.replacement, regex, groups);
    if (IsLabelName(mapped)) draft.Set(std::move(mapped), value);
  }
}

// The last eight bytes of the value's MD5 as a big-endian number, modulo.
std::string HashMod(std::string_view value, uint64_t modulus) {
  constexpr size_t kMd5Bytes = 16;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  EVP_Digest(value.data(), value.size(), digest.data(), nullptr, EVP_md5(), nullptr);
  uint64_t number = 0;
  for (size_t i = kMd5Bytes - sizeof number; i < kMd5Bytes; ++i) number = number << 8 | digest[i];
  return fmt::format("{}", number % modulus);
}

// False when the rule drops the set.
bool ApplyOne(const Rule& rule, const RE2& regex, Draft& draft) {
  std::string scratch;
  const std::string_view value = Joined(rule, draft, scratch);
  switch (rule.action) {
    case Action::kReplace:
      Replace(rule, regex, value, draft);
      return true;
    case Action::kKeep:
      return Matches(regex, value);
    case Action::kDrop:
      return !Matches(regex, value);
    case Action::kKeepEqual:
      return draft.Get(rule.target_label) == value;
    case Action::kDropEqual:
      return draft.Get(rule.target_label) != value;
    case Action::kHashMod:
      draft.Set(rule.target_label, HashMod(value, rule.modulus));
      return true;
    case Action::kLabelMap:
      MapNames(rule, regex, draft);
      return true;
    case Action::kLabelDrop:
      draft.RemoveIf([&](std::string_view name) { return Matches(regex, name); });
      return true;
    case Action::kLabelKeep:
      draft.RemoveIf([&](std::string_view name) { return !Matches(regex, name); });
      return true;
    case Action::kLowercase:
      draft.Set(rule.target_label, ToLower(value));
      return true;
    case Action::kUppercase:
      draft.Set(rule.target_label, ToUpper(value));
      return true;
  }
  return true;
}

}  // namespace

std::optional<Labels> Apply(std::span<const Rule> rules, const Labels& labels) {
  Draft draft(labels);
  for (const Rule& rule : rules) {
    if (!ApplyOne(rule, rule.compiled->regex, draft)) return std::nullopt;
  }
  return draft.Build();
}

}  // namespace sidelight::relabel
