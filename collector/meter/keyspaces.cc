#include "collector/meter/keyspaces.h"

#include <algorithm>
#include <array>
#include <utility>

#include "collector/meter/path.h"

namespace sidelight::meter {
namespace {

constexpr char kEnd = '\0';
constexpr char kRest = '\1';
constexpr std::string_view kOther = "_OTHER";

// What a byte of a key is. A segment's bits tell what it can be.
enum : uint8_t {
  kSmall = 1,
  kCapital = 2,
  kDigit = 4,
  kHexLetter = 8,
  kJoint = 16,
  kStrange = 32,
  kSeparator = 64
};

constexpr std::array<uint8_t, 256> kClasses = [] {
  std::array<uint8_t, 256> classes{};
  for (auto& c : classes) c = kStrange;
  for (int c = 'a'; c <= 'z'; ++c) classes[c] = c <= 'f' ? kSmall | kHexLetter : kSmall;
  for (int c = 'A'; c <= 'Z'; ++c) classes[c] = c <= 'F' ? kCapital | kHexLetter : kCapital;
  for (int c = '0'; c <= '9'; ++c) classes[c] = kDigit;
  classes['-'] = classes['_'] = kJoint;
  for (const char c : {':', '/', '.', '|', '{', '}'}) classes[static_cast<uint8_t>(c)] = kSeparator;
  return classes;
}();

uint8_t ClassOf(char c) {
  return kClasses[static_cast<uint8_t>(c)];
}

// Where the segment that `text` begins with ends; `classes` are those of its bytes.
size_t SegmentEnd(std::string_view text, uint8_t* classes) {
  uint8_t all = 0;
  size_t i = 0;
  for (; i < text.size(); ++i) {
    const uint8_t c = ClassOf(text[i]);
    if (c == kSeparator) break;
    all |= c;
  }
  *classes = all;
  return i;
}

// Digits, hex digits with a digit among them, and joints between those.
bool IsNumberLike(std::string_view text) {
  bool digit = false;
  for (const char c : text) {
    const uint8_t kind = ClassOf(c);
    if ((kind & (kDigit | kHexLetter | kJoint)) == 0) return false;
    digit = digit || kind == kDigit;
  }
  return digit;
}

// Whose first part may happen to have no digit, and would be taken for a word.
bool IsUuid(std::string_view segment) {
  if (segment.size() != 36) return false;
  for (size_t i = 0; i < segment.size(); ++i) {
    const bool joint = i == 8 || i == 13 || i == 18 || i == 23;
    if (joint ? segment[i] != '-' : (ClassOf(segment[i]) & (kDigit | kHexLetter)) == 0) return false;
  }
  return true;
}

// The length of the words that a segment begins with, each of letters of one case and a joint: "user_" of
// "user_1234".
size_t WordsBefore(std::string_view segment) {
  size_t words = 0;
  uint8_t kinds = 0;
  for (size_t i = 0; i < segment.size(); ++i) {
    const uint8_t kind = ClassOf(segment[i]) & ~kHexLetter;
    if (kind == kJoint) {
      if (kinds == 0) break;
      words = i + 1;
      if (IsUuid(segment.substr(words))) break;
      kinds = 0;
    } else {
      kinds |= kind;
      if (kinds != kSmall && kinds != kCapital) break;
    }
  }
  return words;
}

// How much of a segment stays as it is; less than all of it: the rest is data.
size_t NameLength(std::string_view segment, uint8_t classes) {
  constexpr size_t kLongest = 64;
  if (segment.size() < kLongest && (classes & (kDigit | kCapital | kStrange)) == 0) return segment.size();
  if (classes == kDigit || IsUuid(segment)) return 0;
  if (segment.size() < kLongest && (classes & kDigit) != 0 && (classes & (kJoint | kStrange)) == kJoint) {
    const size_t words = WordsBefore(segment);
    const std::string_view rest = segment.substr(words);
    if (words > 0 && !rest.empty() && (IsNumberLike(rest) || LooksLikeValue(rest))) return words;
    if (words == 0 && IsNumberLike(segment)) return 0;
  }
  return LooksLikeValue(segment) ? 0 : segment.size();
}

}  // namespace

Keyspaces::Keyspaces(std::vector<KeyspacePattern> patterns, Limits limits)
    : patterns_(std::move(patterns)),
      limits_(limits),
      other_(static_cast<KeyspaceId>(patterns_.size() + 1)),
      first_learned_(other_ + 1),
      size_(first_learned_) {}

std::string Keyspaces::Text(KeyspaceId id) const {
  if (id == kNoKeyspace) return "";
  if (id < other_) return patterns_[id - 1].text();
  if (id == other_) return std::string(kOther);
  const std::lock_guard guard(mutex_);
  return learned_[id - first_learned_];
}

// Takes the next segment off the key.
Keyspaces::Segment Keyspaces::Next(std::string_view* key, size_t depth) {
  if (depth == kDepth) return {"", true, kRest};
  uint8_t classes = 0;
  size_t end = SegmentEnd(*key, &classes);
  const std::string_view text = key->substr(0, end);
  const size_t name = NameLength(text, classes);
  const bool data = name < text.size() || (key->empty() && depth == 0);
  // The dots of an address or a decimal number divide nothing.
  while (data && name == 0 && end < key->size() && (*key)[end] == '.') {
    uint8_t more = 0;
    const size_t length = SegmentEnd(key->substr(end + 1), &more);
    if (more != kDigit) break;
    end += 1 + length;
  }
  const Segment segment{text.substr(0, name), data, end < key->size() ? (*key)[end] : kEnd};
  key->remove_prefix(std::min(end + 1, key->size()));
  return segment;
}

Keyspaces::Place* Keyspaces::Find(const Node& node, const Segment& segment) {
  Place* place = node.first.load(std::memory_order_acquire);
  while (place != nullptr && !(place->segment() == segment))
    place = place->next.load(std::memory_order_acquire);
  return place;
}

bool Keyspaces::HasRoom(const Node& node, const Segment& segment, size_t depth) const {
  if (segment.end == kEnd) return node.last.load(std::memory_order_relaxed) < limits_.names;
  return node.inner.load(std::memory_order_relaxed) < (depth == 0 ? limits_.roots : limits_.names);
}

KeyspaceId Keyspaces::ByShape(std::string_view key) {
  std::string_view left = key;
  const Node* node = &root_;
  for (size_t depth = 0;; ++depth) {
    const Segment segment = Next(&left, depth);
    const Place* place = Find(*node, segment);
    if (place == nullptr && !segment.name.empty() && (full() || !HasRoom(*node, segment, depth))) {
      place = Find(*node, {"", true, segment.end});
    }
    if (place == nullptr) return full() ? other_ : Learn(key);
    if (place->keyspace != kNoKeyspace) return place->keyspace;
    node = &place->below;
  }
}

KeyspaceId Keyspaces::Learn(std::string_view key) {
  const std::lock_guard guard(mutex_);
  if (full()) return other_;
  std::string text;
  Node* node = &root_;
  for (size_t depth = 0;; ++depth) {
    Segment segment = Next(&key, depth);
    Place* place = Find(*node, segment);
    if (place == nullptr && !segment.name.empty()) {
      if (HasRoom(*node, segment, depth)) {
        (segment.end == kEnd ? node->last : node->inner).fetch_add(1, std::memory_order_relaxed);
      } else {
        segment = {"", true, segment.end};
        place = Find(*node, segment);
      }
    }
    text.append(segment.name).append(segment.end == kRest ? "{rest...}" : segment.data ? "{id}" : "");
    const bool ends = segment.end == kEnd || segment.end == kRest;
    if (!ends) text.push_back(segment.end);
    if (place == nullptr) {
      place = &places_.emplace_back(segment);
      if (ends) {
        learned_.push_back(std::move(text));
        place->keyspace = static_cast<KeyspaceId>(first_learned_ + learned_.size() - 1);
        size_.store(first_learned_ + learned_.size(), std::memory_order_release);
      }
      // What was learned first is found first: it is what most keys are like.
      std::atomic<Place*>* link = &node->first;
      while (Place* const next = link->load(std::memory_order_relaxed)) link = &next->next;
      link->store(place, std::memory_order_release);
    }
    // Somebody else may have learned it meanwhile.
    if (ends) return place->keyspace;
    node = &place->below;
  }
}

}  // namespace sidelight::meter
