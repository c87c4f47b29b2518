#include "core/http/departures.h"

#include <utility>

namespace sidelight::http {
namespace {

constexpr Duration kBetweenLooks = std::chrono::milliseconds(100);

}  // namespace

uint64_t Departures::Watch(const Socket& socket, std::function<void()> gone) {
  const std::lock_guard<std::mutex> lock(mutex_);
  watched_.emplace(++last_, Watched{&socket, std::move(gone)});
  if (!std::exchange(looking_, true)) {
    // Most handlers have finished before the first look.
    loop_.Post([this] { loop_.RunAfter(kBetweenLooks, [this] { Look(); }); });
  }
  return last_;
}

void Departures::Forget(uint64_t watch) {
  const std::lock_guard<std::mutex> lock(mutex_);
  watched_.erase(watch);
}

void Departures::Look() {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (auto& [id, watched] : watched_) {
    if (watched.gone && watched.socket->PeerGone()) std::exchange(watched.gone, nullptr)();
  }
  looking_ = !watched_.empty();
  if (looking_) loop_.RunAfter(kBetweenLooks, [this] { Look(); });
}

}  // namespace sidelight::http
