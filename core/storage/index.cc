#include "core/storage/index.h"

#include <tsl/robin_map.h>

#include <algorithm>
#include <bit>
#include <functional>
#include <numeric>
#include <tuple>
#include <utility>

#include "core/storage/memory_series.h"

namespace sidelight::storage {
namespace {

// A value of a name, while the index is built.
struct Term {
  std::string_view name;
  std::string_view value;
  uint32_t postings = 0;

  friend bool operator<(const Term& a, const Term& b) {
    return std::tie(a.name, a.value) < std::tie(b.name, b.value);
  }
};
struct TermKey {
  std::string_view name;
  std::string_view value;
  friend bool operator==(const TermKey&, const TermKey&) = default;
};
struct HashTerm {
  size_t operator()(const TermKey& key) const {
    constexpr size_t kOdd = 0x9e3779b97f4a7c15;
    return std::hash<std::string_view>()(key.name) * kOdd + std::hash<std::string_view>()(key.value);
  }
};

template <class Range>
auto Find(const Range& sorted, std::string_view text) {
  const auto at = std::lower_bound(sorted.begin(), sorted.end(), text,
                                   [](const auto& entry, std::string_view t) { return entry.text < t; });
  return at != sorted.end() && at->text == text ? at : sorted.end();
}

}  // namespace

Index::Index(std::vector<const MemorySeries*> series) : series_(std::move(series)) {
  // Which terms there are, and which of them each series has, one after the other.
  tsl::robin_map<TermKey, uint32_t, HashTerm> numbers;
  std::vector<Term> terms;
  std::vector<uint32_t> of_series;
  for (const MemorySeries* one : series_) {
    for (const Label label : one->labels()) {
      const auto next = static_cast<uint32_t>(terms.size());
      const auto [at, added] = numbers.insert({TermKey{label.name, label.value}, next});
      if (added) terms.push_back({label.name, label.value});
      ++terms[at->second].postings;
      of_series.push_back(at->second);
    }
  }
  // In their order, each gets its place among the postings.
  std::vector<uint32_t> order(terms.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return terms[a] < terms[b]; });
  std::vector<uint32_t> places(terms.size());
  values_.reserve(terms.size());
  uint32_t place = 0;
  for (const uint32_t number : order) {
    const Term& term = terms[number];
    if (names_.empty() || names_.back().text != term.name) {
      names_.push_back({term.name, static_cast<uint32_t>(values_.size()), 0});
    }
    places[number] = place;
    values_.push_back({term.value, place, place + term.postings});
    place += term.postings;
    names_.back().end = static_cast<uint32_t>(values_.size());
  }
  postings_.resize(place);
  size_t at = 0;
  for (uint32_t i = 0; i < series_.size(); ++i) {
    for (size_t n = series_[i]->labels().size(); n > 0; --n) postings_[places[of_series[at++]]++] = i;
  }
}

size_t Index::bytes() const {
  return sizeof(Index) + series_.capacity() * sizeof(series_[0]) + names_.capacity() * sizeof(Name) +
         values_.capacity() * sizeof(Value) + postings_.capacity() * sizeof(uint32_t);
}

std::span<const Index::Value> Index::ValuesOf(std::string_view name) const {
  const auto at = storage::Find(names_, name);
  if (at == names_.end()) return {};
  return std::span(values_).subspan(at->begin, at->end - at->begin);
}

bool Index::IsIn(const Value& value, const Bits& bits) const {
  for (uint32_t i = value.begin; i < value.end; ++i) {
    const uint32_t series = postings_[i];
    if ((bits[series / kBits] >> (series % kBits) & 1) != 0) return true;
  }
  return false;
}

std::vector<std::string_view> Index::NamesIn(const Bits& series) const {
  std::vector<std::string_view> names;
  for (const Name& name : names_) {
    const auto first = values_.begin() + name.begin;
    const auto has = [&](const Value& value) { return IsIn(value, series); };
    if (std::any_of(first, first + (name.end - name.begin), has)) names.push_back(name.text);
  }
  return names;
}

std::vector<std::string_view> Index::ValuesIn(std::string_view name, const Bits& series) const {
  std::vector<std::string_view> values;
  for (const Value& value : ValuesOf(name)) {
    if (IsIn(value, series)) values.push_back(value.text);
  }
  return values;
}

void Index::Mark(const Value& value, Bits* bits) const {
  for (uint32_t i = value.begin; i < value.end; ++i) {
    const uint32_t series = postings_[i];
    (*bits)[series / kBits] |= uint64_t{1} << (series % kBits);
  }
}

// Values that the matcher takes; "" is not among them.
void Index::MarkAccepted(const Matcher& matcher, std::span<const Value> values, Bits* bits) const {
  const auto look_up = [&](std::string_view text) {
    if (const auto at = storage::Find(values, text); at != values.end()) Mark(*at, bits);
  };
  if (matcher.type() == Matcher::Type::kEqual) {
    look_up(matcher.value());
    return;
  }
  if (matcher.type() == Matcher::Type::kRegex && !matcher.literals().empty()) {
    for (const std::string& literal : matcher.literals()) look_up(literal);
    return;
  }
  if (matcher.type() == Matcher::Type::kRegex && !matcher.prefix().empty()) {
    const std::string& prefix = matcher.prefix();
    auto at = std::lower_bound(values.begin(), values.end(), std::string_view(prefix),
                               [](const Value& value, std::string_view text) { return value.text < text; });
    for (; at != values.end() && at->text.starts_with(prefix); ++at) {
      if (matcher.Matches(at->text)) Mark(*at, bits);
    }
    return;
  }
  for (const Value& value : values) {
    if (matcher.Matches(value.text)) Mark(value, bits);
  }
}

// Values that the matcher does not take.
void Index::MarkRefused(const Matcher& matcher, std::span<const Value> values, Bits* bits) const {
  const auto look_up = [&](std::string_view text) {
    if (const auto at = storage::Find(values, text); at != values.end()) Mark(*at, bits);
  };
  if (matcher.type() == Matcher::Type::kNotEqual) {
    look_up(matcher.value());
    return;
  }
  if (matcher.type() == Matcher::Type::kNotRegex && !matcher.literals().empty()) {
    for (const std::string& literal : matcher.literals()) look_up(literal);
    return;
  }
  for (const Value& value : values) {
    if (!matcher.Matches(value.text)) Mark(value, bits);
  }
}

Index::Bits Index::Match(std::span<const Matcher> matchers) const {
  const size_t words = (series_.size() + kBits - 1) / kBits;
  Bits all(words, ~uint64_t{0});
  if (series_.size() % kBits != 0) all.back() = (uint64_t{1} << (series_.size() % kBits)) - 1;
  Bits some(words);
  for (const Matcher& matcher : matchers) {
    const std::span<const Value> values = ValuesOf(matcher.name());
    std::fill(some.begin(), some.end(), 0);
    if (matcher.Matches("")) {
      MarkRefused(matcher, values, &some);
      for (size_t i = 0; i < words; ++i) all[i] &= ~some[i];
    } else {
      MarkAccepted(matcher, values, &some);
      for (size_t i = 0; i < words; ++i) all[i] &= some[i];
    }
  }
  return all;
}

void Index::Find(std::span<const Matcher> matchers, std::vector<const MemorySeries*>* found) const {
  const Bits all = Match(matchers);
  size_t count = 0;
  for (const uint64_t word : all) count += static_cast<size_t>(std::popcount(word));
  found->reserve(found->size() + count);
  for (size_t i = 0; i < all.size(); ++i) {
    for (uint64_t word = all[i]; word != 0; word &= word - 1) {
      found->push_back(series_[i * kBits + static_cast<size_t>(std::countr_zero(word))]);
    }
  }
}

}  // namespace sidelight::storage
