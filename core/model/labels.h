// Labels: the identity of a series, as an immutable, shared, sorted set of name and value pairs.
//
// Sorted by name, no name twice, no empty value (an empty value means "absent", as in Prometheus), hashed
// once when built. A copy shares the bytes: copying and comparing equal labels is cheap, and labels that were
// interned (core/model/label_interner.h) compare by address first. Names and values are bytes; whoever takes
// them from outside has checked that they are UTF-8. The metric's name is not among the labels of this class
// unless stored under "__name__".
//
// Thread-safe as a value: copies may be used and dropped on any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace sidelight {

struct Label {
  std::string_view name;
  std::string_view value;

  friend bool operator==(const Label&, const Label&) = default;
};

class Labels {
 public:
  Labels() = default;  // no labels
  // In any order; of a name that comes twice the last value counts. The bytes are copied.
  Labels(std::initializer_list<Label> labels)
      : Labels(std::span<const Label>(labels.begin(), labels.size())) {}
  explicit Labels(std::span<const Label> labels);
  Labels(const Labels& other) : rep_(other.rep_) { Ref(); }
  Labels(Labels&& other) noexcept : rep_(other.rep_) { other.rep_ = nullptr; }
  Labels& operator=(Labels other) noexcept {
    std::swap(rep_, other.rep_);
    return *this;
  }
  ~Labels() { Unref(); }

  size_t size() const { return rep_ == nullptr ? 0 : rep_->count; }
  bool empty() const { return size() == 0; }
  // The i-th by name; i < size().
  Label operator[](size_t i) const {
    const uint32_t* const ends = rep_->ends();
    const char* const bytes = rep_->bytes();
    const uint32_t start = i == 0 ? 0 : ends[2 * i - 1];
    return {{bytes + start, ends[2 * i] - start}, {bytes + ends[2 * i], ends[2 * i + 1] - ends[2 * i]}};
  }
  // All names and values, one after the other: for a search through all of them at once.
  std::string_view bytes() const {
    if (rep_ == nullptr) return {};
    return {rep_->bytes(), rep_->ends()[2 * rep_->count - 1]};
  }
  // No byte of them is `"`, `\`, a line feed, or beyond ASCII: every text format may copy them as they are.
  bool plain() const { return rep_ == nullptr || rep_->plain; }
  // For a walk over many label sets: asks for the bytes ahead, so that they have arrived when they are read.
  void Prefetch() const {
    if (rep_ == nullptr) return;
    constexpr int kCacheLine = 64;
    constexpr int kLines = 3;  // of a label set of usual size
    const char* const start = reinterpret_cast<const char*>(rep_);
    for (int i = 0; i < kLines; ++i) __builtin_prefetch(start + i * kCacheLine);
  }
  // The value of that name, or "" where there is none.
  std::string_view Get(std::string_view name) const;
  uint64_t hash() const { return rep_ == nullptr ? kEmptyHash : rep_->hash; }

  // Copies that share their bytes: 1 when nobody else holds them.
  uint32_t use_count() const { return rep_ == nullptr ? 0 : rep_->refs.load(std::memory_order_relaxed); }

  // `{a="1", b="x"}` with Go-style escapes, for messages and tests; not an exposition format.
  std::string ToString() const;

  friend bool operator==(const Labels& a, const Labels& b) { return a.rep_ == b.rep_ || a.EqualBytes(b); }
  // By name and value, label after label: the order of series in every output.
  friend bool operator<(const Labels& a, const Labels& b) { return a.Compare(b) < 0; }

  class Iterator {
   public:
    Iterator(const Labels* labels, size_t i) : labels_(labels), i_(i) {}
    Label operator*() const { return (*labels_)[i_]; }
    Iterator& operator++() {
      ++i_;
      return *this;
    }
    bool operator!=(const Iterator& other) const { return i_ != other.i_; }

   private:
    const Labels* labels_;
    size_t i_;
  };
  Iterator begin() const { return {this, 0}; }
  Iterator end() const { return {this, size()}; }

 private:
  static constexpr uint64_t kEmptyHash = 0x9e3779b97f4a7c15;

  // One allocation: the header, then `count` pairs of end offsets, then the bytes name, value, name, value...
  struct Rep {
    std::atomic<uint32_t> refs;
    uint32_t count;
    uint64_t hash;
    bool plain;
    const uint32_t* ends() const { return reinterpret_cast<const uint32_t*>(this + 1); }
    uint32_t* ends() { return reinterpret_cast<uint32_t*>(this + 1); }
    const char* bytes() const { return reinterpret_cast<const char*>(ends() + 2 * count); }
  };

  void Ref() const {
    if (rep_ != nullptr) rep_->refs.fetch_add(1, std::memory_order_relaxed);
  }
  void Unref();
  bool EqualBytes(const Labels& other) const;
  int Compare(const Labels& other) const;

  Rep* rep_ = nullptr;
};

struct LabelsHash {
  size_t operator()(const Labels& labels) const { return labels.hash(); }
};

}  // namespace sidelight
