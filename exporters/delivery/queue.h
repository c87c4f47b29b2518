// Queue: everything that waits to leave the process, on disk (delivery.db in `folder`), and in memory where
// there is no folder or the disk fails. One for all destinations.
//
//   auto queue = Queue::Open({.folder = storage_path}, self);
//   registry.AddSource(std::make_shared<QueueSource>(*queue));
//   auto delivery = Delivery::Start({.destination = {"otlp", url}}, *queue, send, self, clock);
//
// Opening never fails, whatever is in the file: what cannot be read is counted, the rest is delivered. What
// Push() told kDurable of is there after the end of the process (kill -9 included); a failure of power may
// take the last ones back. When the disk refuses, requests wait in memory until it takes them.
//
// All files together stay within max_bytes, and a part of that is kept free of entries so that they can be
// deleted on a disk that others have filled. The oldest entries, of all destinations, make room for new ones:
// a destination that is away loses its own, as what others have is never old.
//
// Any thread. Push() waits for the disk at most for Options::patience; the others may wait for it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/metrics/self.h"
#include "exporters/delivery/request.h"

namespace sidelight::delivery {

struct QueueOptions {
  std::string folder;  // "": in memory, and meant so
  std::string file = "delivery.db";
  uint64_t max_bytes = uint64_t{64} << 20;         // of the disk; at least 8 MiB are taken
  uint64_t max_memory_bytes = uint64_t{16} << 20;  // of requests that are in memory only
  Duration max_age = std::chrono::hours(24);
  const Clock* clock = nullptr;  // null: the machine's
  Duration patience = std::chrono::milliseconds(500);
};

enum class Kept : uint8_t { kDurable, kMemory, kDropped };

// An entry of the queue on its way out.
struct Entry {
  uint64_t id = 0;
  uint32_t attempts = 0;  // that were made before, since the start of the process
  Request request;
};

// What waits for one destination.
struct Waiting {
  Destination destination;
  bool attended = false;  // false: it is not configured any more, and what waits for it only grows old
  uint64_t entries = 0;
  uint64_t bytes = 0;  // of their bodies
  uint64_t points = 0;
  uint64_t in_memory = 0;            // entries that are not on disk
  std::optional<UnixMillis> oldest;  // time of the oldest one
};

struct QueueHealth {
  enum class Mode : uint8_t { kOff, kDurable, kMemory };  // kMemory: there should be a file and is none
  Mode mode = Mode::kOff;
  std::string problem;      // why kMemory, or why the last write failed; "" else
  uint64_t disk_bytes = 0;  // of all files
  uint64_t max_bytes = 0;   // what they may have, or what is in memory where there is none
  uint64_t errors = 0;      // reads and writes that failed
  uint64_t set_aside = 0;   // files that could not be used as they were
};

class Queue {
 public:
  using Options = QueueOptions;
  // `self` counts what is dropped, and outlives the queue.
  static std::unique_ptr<Queue> Open(Options options, metrics::Self& self);
  // What is in memory only is saved if that is possible, else counted as dropped.
  ~Queue();
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  Kept Push(const Destination& destination, Request request);

  // For Delivery: somebody sends what is queued for it, from that many lanes (1 to 1024), and wants to be
  // woken when there is more; `wake` may still be called for a moment after Leave(). What was queued for
  // another number of lanes goes before what is new. kInvalidArgument when somebody does already.
  Status Attend(const Destination& destination, uint32_t lanes, std::function<void()> wake);
  void Leave(const Destination& destination);
  bool HasNext(const Destination& destination, uint32_t lane) const;
  // The lane's next entry, which then is under way until one of the three below; nothing when there is none.
  std::optional<Entry> Next(const Destination& destination, uint32_t lane);
  void Done(uint64_t id);
  void Drop(uint64_t id, DropReason reason);
  void Retry(uint64_t id);  // it is the next one again

  std::vector<Waiting> Stats() const;  // does not wait for the disk
  QueueHealth Health() const;          // nor does this
  // For tests with a clock of their own: what is otherwise done every few seconds.
  void Tick();

 private:
  struct State;
  explicit Queue(std::unique_ptr<State> state);
  const std::unique_ptr<State> state_;
};

}  // namespace sidelight::delivery
