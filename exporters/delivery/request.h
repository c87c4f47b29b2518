// What leaves the process through the queue: requests that somebody has made ready, and where they go.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/clock.h"

namespace sidelight::delivery {

// Where requests go, and what logs and metrics call it: never a secret. Those of one exporter differ in their
// names. What is queued belongs to it by these two words, also after a restart.
struct Destination {
  std::string exporter;  // "otlp", "remote_write"
  std::string name;      // its URL without user and secrets, or what the configuration calls it

  friend auto operator<=>(const Destination&, const Destination&) = default;
};

// Opaque here: only who sends it knows what the bytes mean, in this version and the next one.
struct Request {
  std::string body;
  uint64_t points = 0;  // data points or samples in it, for the counts
  UnixMillis time = 0;  // of its data; from here its age counts
  uint32_t lane = 0;    // requests of a lane are delivered in order, one after the other
};

// Why requests were let go.
enum class DropReason : uint8_t {
  kOverflow,   // the oldest, for the queue's limit
  kExpired,    // older than the queue's max_age
  kCorrupt,    // the disk gave back other bytes than it got, or none
  kRejected,   // the destination refused it for good
  kTooLarge,   // it would take more than a quarter of the queue; of points, more than a request may have
  kShutdown,   // it was in memory only when the process ended
  kDuplicate,  // of points: relabelling gave two series the same labels
};
inline constexpr int kDropReasons = 7;

// As metrics have it: "overflow", "expired", "corrupt", "rejected", "too_large", "shutdown", "duplicate".
std::string_view Word(DropReason reason);

}  // namespace sidelight::delivery
