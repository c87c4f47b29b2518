// Subscriptions: how many channels, patterns and shard channels a connection is subscribed to, as the
// confirmations tell. In RESP2 it decides whether an array may be a message; and UNSUBSCRIBE without
// arguments is answered once for each channel.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string_view>

namespace sidelight::redis {

class Subscriptions {
 public:
  bool any() const { return channels_ + patterns_ + shard_channels_ > 0; }

  // `kind` is a confirmation's first element, "subscribe", "punsubscribe" ..., and `count` its last: how many
  // channels and patterns there are now, or how many shard channels.
  void Confirm(std::string_view kind, int64_t count) {
    count = std::clamp<int64_t>(count, 0, std::numeric_limits<int32_t>::max());
    if (kind.starts_with('s') && kind != "subscribe") {
      shard_channels_ = count;
    } else if (kind.starts_with('p')) {
      patterns_ = std::max<int64_t>(0, count - channels_);
    } else {
      channels_ = std::max<int64_t>(0, count - patterns_);
    }
  }

  // How many confirmations an unsubscription from everything gets, by the command's name.
  int64_t ConfirmationsOfAll(std::string_view command) const {
    const int64_t all = command.starts_with('S')   ? shard_channels_
                        : command.starts_with('P') ? patterns_
                                                   : channels_;
    return std::max<int64_t>(1, all);
  }

  void Clear() { *this = Subscriptions(); }

 private:
  int64_t channels_ = 0;
  int64_t patterns_ = 0;
  int64_t shard_channels_ = 0;
};

}  // namespace sidelight::redis
