// Chunk: some samples of one series that follow each other, compressed; one allocation with its bytes behind
// the header. docs/storage.md has the formats to the byte.
//
// The chunks of a series are a list. Readers follow it from the newest to the oldest; the writer also in the
// other direction. Only the newest, the open one, grows, and it grows at its end: the writer fills bytes that
// no reader looks at and then publishes how many samples and bytes there are, in one atomic word. Samples
// beyond those bytes are steady: each continues the one before it. No byte that was published is ever written
// again; an open chunk that needs more room is replaced by a larger copy, and the old one is retired
// (core/storage/epochs.h).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>

#include "core/base/clock.h"

namespace sidelight::storage {

// A reader decodes a chunk from its beginning: so many samples are soon passed, and still share the cost of
// their chunk.
inline constexpr uint32_t kMostChunkSamples = 128;

enum class ChunkKind : uint8_t { kFloats, kHistograms };

// What is true of all samples of a chunk.
struct ChunkTraits {
  ChunkKind kind = ChunkKind::kFloats;
  bool starts = false;      // some sample has a start timestamp
  bool gauge = false;       // histograms: not counters
  bool continues = false;   // histograms: no counter reset between the chunk before and this one
  bool fractional = false;  // histograms: counts that are not whole numbers

  friend bool operator==(const ChunkTraits&, const ChunkTraits&) = default;
};

// How much of a chunk there is to read.
struct ChunkExtent {
  uint32_t samples = 0;
  uint32_t bytes = 0;
};

class Chunk {
 public:
  // With room for `capacity` bytes; Free() is its end.
  static Chunk* Make(ChunkTraits traits, UnixMillis first_time, uint32_t capacity) {
    return new (::operator new(sizeof(Chunk) + capacity)) Chunk(traits, first_time, capacity);
  }
  static void Free(void* chunk) { ::operator delete(chunk); }

  uint8_t* data() { return reinterpret_cast<uint8_t*>(this + 1); }
  const uint8_t* data() const { return reinterpret_cast<const uint8_t*>(this + 1); }
  size_t footprint() const { return sizeof(Chunk) + capacity + kAllocatorOverhead; }

  ChunkExtent Extent() const { return Unpack(published_.load(std::memory_order_acquire)); }
  // Release: whoever sees it sees the bytes.
  void Publish(ChunkExtent extent) {
    published_.store(uint64_t{extent.samples} << 32 | extent.bytes, std::memory_order_release);
  }
  std::span<const uint8_t> bytes(ChunkExtent extent) const { return {data(), extent.bytes}; }

  std::atomic<Chunk*> older = nullptr;
  Chunk* newer = nullptr;  // the writer's
  const UnixMillis first_time;
  std::atomic<UnixMillis> last_time;

 private:
  static constexpr size_t kAllocatorOverhead = 8;

  Chunk(ChunkTraits traits_, UnixMillis first, uint32_t room)
      : first_time(first), last_time(first), capacity(room), traits(traits_) {}
  static ChunkExtent Unpack(uint64_t word) {
    return {static_cast<uint32_t>(word >> 32), static_cast<uint32_t>(word)};
  }

  std::atomic<uint64_t> published_{0};

 public:
  const uint32_t capacity;
  const ChunkTraits traits;
};

}  // namespace sidelight::storage
