#include "collector/tap/client_header.h"

#include <algorithm>

#include "core/net/proxy_header.h"

namespace sidelight::tap {

bool ClientHeader::Feed(std::string_view bytes, TimePoint t, Observer& observer) {
  if (to_skip_ == 0) {
    if (held_.empty()) since_ = t;
    const size_t before = held_.size();
    held_.append(bytes.substr(0, net::kMaxProxyHeaderProbe - before));
    const net::ProxyHeaderSize header = net::MeasureProxyHeader(held_);
    switch (header.status) {
      case net::ProxyHeaderStatus::kNeedMore:
        return false;
      case net::ProxyHeaderStatus::kNotHeader:
        if (before > 0)
          observer.OnBytes(Direction::kRequest, std::string_view(held_).substr(0, before), since_);
        observer.OnBytes(Direction::kRequest, bytes, t);
        held_ = std::string();
        return true;
      case net::ProxyHeaderStatus::kDone:
        break;
    }
    to_skip_ = header.size - before;
    held_ = std::string();
  }
  const size_t skipped = std::min(to_skip_, bytes.size());
  to_skip_ -= skipped;
  bytes.remove_prefix(skipped);
  if (to_skip_ > 0) return false;
  if (!bytes.empty()) observer.OnBytes(Direction::kRequest, bytes, t);
  return true;
}

void ClientHeader::Finish(Observer& observer) {
  if (!held_.empty()) observer.OnBytes(Direction::kRequest, held_, since_);
  held_ = std::string();
}

}  // namespace sidelight::tap
