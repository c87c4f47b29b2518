#include "core/relabel/draft.h"

#include <algorithm>
#include <utility>

namespace sidelight::relabel {
namespace {

constexpr size_t kEntryCost = 64;  // of each label, besides its bytes

size_t CostOf(size_t name_bytes, size_t value_bytes) {
  return kEntryCost + name_bytes + value_bytes;
}

}  // namespace

void Draft::Copy() {
  if (copied_) return;
  entries_ = Entries();
  copied_ = true;
  unchanged_ = entries_.size();
  for (const Entry& entry : entries_) bytes_ += CostOf(entry.name.size(), entry.value.size());
  max_bytes_ = bytes_ + kMaxGrowth;
}

size_t Draft::Find(std::string_view name) const {
  const auto found =
      std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) { return entry.name == name; });
  return static_cast<size_t>(found - entries_.begin());
}

void Draft::Erase(size_t i) {
  bytes_ -= CostOf(entries_[i].name.size(), entries_[i].value.size());
  entries_.erase(entries_.begin() + static_cast<ptrdiff_t>(i));
  if (i < unchanged_) --unchanged_;
}

std::string_view Draft::Get(std::string_view name) const {
  if (!copied_) return labels_.Get(name);
  const size_t i = Find(name);
  return i == entries_.size() ? std::string_view() : std::string_view(entries_[i].value);
}

void Draft::Set(std::string name, std::string value) {
  if (value.empty()) return Remove(name);
  Copy();
  const size_t i = Find(name);
  const size_t before = i == entries_.size() ? 0 : CostOf(name.size(), entries_[i].value.size());
  const size_t after = CostOf(name.size(), value.size());
  if (after > before && bytes_ - before + after > max_bytes_) return;
  if (i < unchanged_) {
    Erase(i);
  } else if (i < entries_.size()) {
    bytes_ += after - before;
    entries_[i].value = std::move(value);
    return;
  }
  bytes_ += after;
  entries_.push_back({std::move(name), std::move(value)});
}

void Draft::Remove(std::string_view name) {
  if (Get(name).empty()) return;
  Copy();
  Erase(Find(name));
}

void Draft::RemoveIf(const std::function<bool(std::string_view name)>& predicate) {
  for (const Entry& entry : Entries()) {
    if (predicate(entry.name)) Remove(entry.name);
  }
}

std::vector<Draft::Entry> Draft::Entries() const {
  if (copied_) return entries_;
  std::vector<Entry> entries;
  entries.reserve(labels_.size());
  for (const Label label : labels_) entries.push_back({std::string(label.name), std::string(label.value)});
  return entries;
}

Labels Draft::Build() const {
  if (!copied_) return labels_;
  std::vector<Label> labels;
  labels.reserve(entries_.size());
  for (const Entry& entry : entries_) labels.push_back({entry.name, entry.value});
  return Labels(labels);
}

}  // namespace sidelight::relabel
