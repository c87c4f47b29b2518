#include "collector/protocols/postgres/summary_text.h"

#include <algorithm>
#include <cstring>

namespace sidelight::postgres {
namespace {

// FNV-1a; two names that collide cost a table in a summary.
uint32_t Hash(std::string_view text) {
  uint32_t hash = 2166136261u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return hash;
}

template <size_t kMost>
bool Contains(const std::array<uint32_t, kMost>& hashes, size_t count, uint32_t hash) {
  const auto end = hashes.begin() + static_cast<std::ptrdiff_t>(count);
  return std::find(hashes.begin(), end, hash) != end;
}

}  // namespace

void SummaryText::Clear() {
  table_count_ = with_name_count_ = 0;
  main_.size = with_.size = 0;
  main_.full = with_.full = false;
}

void SummaryText::AddOperation(std::string_view name, bool in_with) {
  Append(name, in_with);
}

void SummaryText::AddTable(std::string_view name, bool in_with) {
  const uint32_t hash = Hash(name);
  if (Contains(with_names_, with_name_count_, hash) || Contains(tables_, table_count_, hash)) return;
  if (table_count_ < kMaxTables) tables_[table_count_++] = hash;
  Append(name, in_with);
}

void SummaryText::AddWithName(std::string_view name) {
  if (with_name_count_ < kMaxWithNames) with_names_[with_name_count_++] = Hash(name);
}

void SummaryText::Append(std::string_view token, bool in_with) {
  Text& text = in_with ? with_ : main_;
  const size_t space = text.size == 0 ? 0 : 1;
  // What does not fit is left out, with all that follows: no token is cut.
  text.full = text.full || text.size + space + token.size() > kMaxSummary;
  if (text.full) return;
  if (space == 1) text.bytes[text.size++] = ' ';
  std::memcpy(text.bytes.data() + text.size, token.data(), token.size());
  text.size += token.size();
}

std::string_view SummaryText::Finish() {
  if (with_.size > 0 && main_.size + 1 + with_.size <= kMaxSummary) {
    if (main_.size > 0) main_.bytes[main_.size++] = ' ';
    std::memcpy(main_.bytes.data() + main_.size, with_.bytes.data(), with_.size);
    main_.size += with_.size;
  }
  return {main_.bytes.data(), main_.size};
}

}  // namespace sidelight::postgres
