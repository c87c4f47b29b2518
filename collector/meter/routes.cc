#include "collector/meter/routes.h"

#include <algorithm>
#include <cstring>
#include <functional>

namespace sidelight::meter {

Routes::Routes(std::vector<RoutePattern> routes, std::vector<RoutePattern> ignore,
               LearnedRoutes::Limits limits)
    : configured_(std::move(routes)), ignore_(std::move(ignore)), limits_(limits), learned_(limits) {
  std::stable_sort(configured_.begin(), configured_.end(),
                   [](const RoutePattern& a, const RoutePattern& b) { return a.MoreSpecificThan(b); });
}

bool Routes::Ignored(const PathSegments& path) const {
  return std::any_of(ignore_.begin(), ignore_.end(), [&](const RoutePattern& p) { return p.Matches(path); });
}

RouteId Routes::Configured(const PathSegments& path) const {
  for (size_t i = 0; i < configured_.size(); ++i) {
    if (configured_[i].Matches(path)) return static_cast<RouteId>(i + 1);
  }
  return kNoRoute;
}

RouteId Routes::Learned(const PathSegments& path, Learning learning) {
  std::lock_guard lock(mutex_);
  const size_t before = learned_.size();
  const int index = learned_.Resolve(path, learning);
  if (learned_.size() != before) version_.fetch_add(1, std::memory_order_release);
  return index < 0 ? kNoRoute : static_cast<RouteId>(configured_.size() + 1 + index);
}

std::string Routes::Text(RouteId id) const {
  if (id == kNoRoute) return {};
  if (id <= configured_.size()) return configured_[id - 1].text();
  std::lock_guard lock(mutex_);
  return learned_.text(static_cast<int>(id - 1 - configured_.size()));
}

size_t Routes::size() const {
  std::lock_guard lock(mutex_);
  return 1 + configured_.size() + learned_.size();
}

RouteCache::Route RouteCache::LookUp(std::string_view path, Learning learning) const {
  const PathSegments segments(path);
  if (routes_->Ignored(segments)) return {.id = kNoRoute, .ignored = true};
  RouteId id = routes_->Configured(segments);
  if (id == kNoRoute) id = routes_->Learned(segments, learning);
  return {.id = id, .ignored = false};
}

RouteCache::Route RouteCache::Resolve(std::string_view path, Learning learning) {
  if (path.empty() || path.front() != '/') return {};
  if (path.size() > kMaxPath) return LookUp(path, learning);
  if (table_ == nullptr) table_ = std::make_unique<Table>();
  const size_t hash = std::hash<std::string_view>()(path);
  const auto tag = static_cast<uint32_t>(hash >> 32);
  Entry* const set = &(*table_)[(hash % kSets) * kWays];
  Entry* entry = nullptr;
  for (size_t way = 0; way < kWays && entry == nullptr; ++way) {
    Entry& candidate = set[way];
    if (candidate.hash == tag && candidate.size == path.size() &&
        std::memcmp(candidate.path, path.data(), path.size()) == 0) {
      entry = &candidate;
    }
  }
  if (entry != nullptr && entry->tried >= learning &&
      (entry->id != kNoRoute || entry->ignored || entry->version == routes_->version())) {
    set[0].latest = entry == &set[0];
    return {.id = entry->id, .ignored = entry->ignored};
  }
  // The version is read before the question, so that what is learned meanwhile leads to another one.
  const uint32_t version = routes_->version();
  const Route route = LookUp(path, learning);
  if (entry == nullptr) {
    entry = set[0].latest ? &set[1] : &set[0];
    std::memcpy(entry->path, path.data(), path.size());
    entry->size = static_cast<uint8_t>(path.size());
    entry->hash = tag;
    entry->tried = Learning::kNothing;
  }
  const bool final = route.ignored || routes_->IsConfigured(route.id);
  entry->tried = final ? Learning::kFreely : std::max(entry->tried, learning);
  entry->id = route.id;
  entry->version = version;
  entry->ignored = route.ignored;
  set[0].latest = entry == &set[0];
  return route;
}

bool RouteCache::Ignored(std::string_view path) const {
  return routes_->Ignored(PathSegments(path));
}

}  // namespace sidelight::meter
