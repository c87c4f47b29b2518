#include "core/model/labels.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <limits>
#include <new>
#include <vector>

namespace sidelight {
namespace {

// FNV-1a over the bytes in order, with a final mix so that the low bits are good enough for a hash table.
uint64_t HashBytes(const char* data, size_t size, uint64_t seed) {
  uint64_t h = seed;
  for (size_t i = 0; i < size; ++i) {
    h ^= static_cast<unsigned char>(data[i]);
    h *= 0x100000001b3;
  }
  return h;
}

uint64_t Mix(uint64_t h) {
  h ^= h >> 33;
  h *= 0xff51afd7ed558ccd;
  h ^= h >> 33;
  return h;
}

bool IsPlain(char c) {
  return c != '"' && c != '\\' && c != '\n' && static_cast<unsigned char>(c) < 0x80;
}

void AppendQuoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

}  // namespace

Labels::Labels(std::span<const Label> labels) {
  std::vector<Label> sorted(labels.begin(), labels.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Label& a, const Label& b) { return a.name < b.name; });
  // Of equal names the last one given stands last: keep that one.
  size_t kept = 0;
  for (size_t i = 0; i < sorted.size(); ++i) {
    if (i + 1 < sorted.size() && sorted[i + 1].name == sorted[i].name) continue;
    if (sorted[i].value.empty()) continue;
    sorted[kept++] = sorted[i];
  }
  sorted.resize(kept);
  if (sorted.empty()) return;

  size_t bytes = 0;
  for (const Label& label : sorted) bytes += label.name.size() + label.value.size();
  assert(bytes <= std::numeric_limits<uint32_t>::max());
  const size_t size = sizeof(Rep) + 2 * sizeof(uint32_t) * sorted.size() + bytes;
  rep_ = new (::operator new(size)) Rep{{1}, static_cast<uint32_t>(sorted.size()), 0, true};
  char* out = const_cast<char*>(rep_->bytes());
  uint32_t end = 0;
  uint64_t hash = kEmptyHash;
  for (size_t i = 0; i < sorted.size(); ++i) {
    for (size_t part = 0; part < 2; ++part) {
      const std::string_view text = part == 0 ? sorted[i].name : sorted[i].value;
      std::memcpy(out + end, text.data(), text.size());
      end += static_cast<uint32_t>(text.size());
      rep_->ends()[2 * i + part] = end;
      hash = HashBytes(text.data(), text.size(), hash) ^ 0xff;  // "ab","c" is not "a","bc"
      hash *= 0x100000001b3;
    }
  }
  rep_->hash = Mix(hash);
  rep_->plain = std::all_of(out, out + end, IsPlain);
}

void Labels::Unref() {
  if (rep_ != nullptr && rep_->refs.fetch_sub(1, std::memory_order_acq_rel) == 1) ::operator delete(rep_);
}

std::string_view Labels::Get(std::string_view name) const {
  for (const Label label : *this) {
    if (label.name == name) return label.value;
  }
  return {};
}

bool Labels::EqualBytes(const Labels& other) const {
  if (hash() != other.hash() || size() != other.size()) return false;
  const size_t n = size();
  if (n == 0) return true;
  const uint32_t* ends = rep_->ends();
  return std::memcmp(ends, other.rep_->ends(), 2 * n * sizeof(uint32_t)) == 0 &&
         std::memcmp(rep_->bytes(), other.rep_->bytes(), ends[2 * n - 1]) == 0;
}

int Labels::Compare(const Labels& other) const {
  const size_t n = std::min(size(), other.size());
  for (size_t i = 0; i < n; ++i) {
    const Label a = (*this)[i];
    const Label b = other[i];
    if (const int c = a.name.compare(b.name); c != 0) return c;
    if (const int c = a.value.compare(b.value); c != 0) return c;
  }
  return size() < other.size() ? -1 : (size() > other.size() ? 1 : 0);
}

std::string Labels::ToString() const {
  std::string out = "{";
  for (const Label label : *this) {
    if (out.size() > 1) out += ", ";
    out += label.name;
    out += '=';
    AppendQuoted(out, label.value);
  }
  out += '}';
  return out;
}

}  // namespace sidelight
