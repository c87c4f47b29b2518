// Slab: storage for many small cells of one shard, close together and on cache lines that no other shard
// writes. Blocks are kept until the slab goes; a freed cell's place is used again. Not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

namespace sidelight::metrics {

template <class T>
class Slab {
  static_assert(std::is_trivially_destructible_v<T>, "blocks are dropped with what lives in them");

 public:
  template <class... Args>
  T* New(Args&&... args) {
    if (free_.empty()) AddBlock();
    void* const place = free_.back();
    T* const made = new (place) T(std::forward<Args>(args)...);
    free_.pop_back();
    return made;
  }
  void Delete(T* cell) { free_.push_back(cell); }

 private:
  static constexpr size_t kPerBlock = 64;
  struct alignas(64) Block {
    std::array<std::byte, kPerBlock * sizeof(T)> bytes;
  };

  void AddBlock() {
    blocks_.push_back(std::make_unique<Block>());
    // Handed out from the front of the block, as a collection will walk it.
    for (size_t i = kPerBlock; i > 0; --i) free_.push_back(&blocks_.back()->bytes[(i - 1) * sizeof(T)]);
  }

  std::vector<std::unique_ptr<Block>> blocks_;
  std::vector<void*> free_;
};

}  // namespace sidelight::metrics
