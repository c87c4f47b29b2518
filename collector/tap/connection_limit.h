// ConnectionLimit: how many connections all taps together may have open (limits.connections).
//
// Over the limit a connection is not served, but its request is read for a moment, so that method and route
// are known of what was turned away (kExplain); of those there are at most max(64, limit / 10) at a time.
// Beyond that connections are reset at once (kRefuse). Thread-safe.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>

namespace sidelight::tap {

class ConnectionLimit {
 public:
  enum class Place { kServe, kExplain, kRefuse };

  explicit ConnectionLimit(size_t limit) : limit_(limit), explain_limit_(std::max<size_t>(64, limit / 10)) {}

  // Each Enter() that was not kRefuse is followed by one Leave() of what it gave.
  Place Enter() {
    if (Take(served_, limit_)) return Place::kServe;
    return Take(explained_, explain_limit_) ? Place::kExplain : Place::kRefuse;
  }
  void Leave(Place place) {
    (place == Place::kServe ? served_ : explained_).fetch_sub(1, std::memory_order_relaxed);
  }

 private:
  static bool Take(std::atomic<size_t>& count, size_t limit) {
    if (count.fetch_add(1, std::memory_order_relaxed) < limit) return true;
    count.fetch_sub(1, std::memory_order_relaxed);
    return false;
  }

  const size_t limit_;
  const size_t explain_limit_;
  std::atomic<size_t> served_ = 0;
  std::atomic<size_t> explained_ = 0;
};

}  // namespace sidelight::tap
