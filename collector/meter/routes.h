// Routes: which template a path belongs to, for one tap: the configured routes first, the most specific one
// of those that match, else what the tap has learned (learned_routes.h).
//
// Routes is shared by the tap's workers. Each worker asks through a RouteCache of its own, which remembers
// the paths that it has seen lately and takes no lock for those.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "collector/meter/keyspace_names.h"
#include "collector/meter/learned_routes.h"
#include "collector/meter/route_pattern.h"

namespace sidelight::meter {

using RouteId = KeyspaceId;
inline constexpr RouteId kNoRoute = kNoKeyspace;

// Thread-safe. A route is also the keyspace of the HTTP caches behind the tap.
class Routes final : public KeyspaceNames {
 public:
  Routes(std::vector<RoutePattern> routes, std::vector<RoutePattern> ignore, LearnedRoutes::Limits limits);

  bool has_ignored() const { return !ignore_.empty(); }
  bool Ignored(const PathSegments& path) const;
  // kNoRoute when no configured route matches. Takes no lock.
  RouteId Configured(const PathSegments& path) const;
  bool IsConfigured(RouteId id) const { return id != kNoRoute && id <= configured_.size(); }
  RouteId Learned(const PathSegments& path, Learning learning);
  // The template's text; "" of kNoRoute.
  std::string Text(RouteId id) const override;
  size_t size() const override;
  size_t capacity() const override { return 1 + configured_.size() + limits_.templates; }
  // Grows with each template that is learned: what had no route may have one now.
  uint32_t version() const { return version_.load(std::memory_order_acquire); }

 private:
  std::vector<RoutePattern> configured_;  // the most specific first; RouteId 1 is the first of them
  std::vector<RoutePattern> ignore_;
  const LearnedRoutes::Limits limits_;
  mutable std::mutex mutex_;
  LearnedRoutes learned_;  // RouteIds follow those of the configured ones
  std::atomic<uint32_t> version_{0};
};

// One thread's. A fixed table of 256 KiB, made with the first path; the paths that were asked for last stay
// in it. Longer paths than kMaxPath are looked up afresh each time.
class RouteCache {
 public:
  struct Route {
    RouteId id = kNoRoute;
    bool ignored = false;
  };
  static constexpr size_t kMaxPath = 107;

  explicit RouteCache(Routes* routes) : routes_(routes) {}

  Route Resolve(std::string_view path, Learning learning);
  // Whether the path is to be ignored; learns nothing.
  bool Ignored(std::string_view path) const;

 private:
  // Two cache lines.
  struct alignas(64) Entry {
    uint32_t hash = 0;
    RouteId id = kNoRoute;
    uint32_t version = 0;                 // of Routes, when the path was looked up
    Learning tried = Learning::kNothing;  // the most that an answer has allowed so far
    bool ignored = false;
    bool latest = false;  // this one and not its neighbour was asked for last
    uint8_t size = 0;     // of path; 0 when the entry is free
    char path[kMaxPath];
  };
  static_assert(sizeof(Entry) == 128);
  static constexpr size_t kWays = 2;
  static constexpr size_t kSets = 1024;
  using Table = std::array<Entry, kSets * kWays>;

  Route LookUp(std::string_view path, Learning learning) const;

  Routes* routes_;
  std::unique_ptr<Table> table_;
};

}  // namespace sidelight::meter
