// Session: what a connection's two sides must both know of what was agreed on it.
#pragma once

#include <array>
#include <charconv>
#include <cstdint>
#include <string_view>

#include "collector/protocols/redis/pending.h"
#include "collector/protocols/redis/subscriptions.h"

namespace sidelight::redis {

struct Session {
  // What a command that succeeded does to it.
  void Apply(const Pending& command) {
    switch (command.command->kind) {
      case Kind::kSelect:
        SetDatabase(command.argument);
        break;
      case Kind::kHello:
        if (command.argument != 0) resp3 = command.argument == 3;
        break;
      case Kind::kMulti:
        in_multi = true;
        break;
      case Kind::kExec:
      case Kind::kDiscard:
        in_multi = false;
        break;
      case Kind::kReset:
        in_multi = false;
        resp3 = false;
        subscriptions.Clear();
        SetDatabase(0);
        break;
      default:
        break;
    }
  }

  std::string_view database() const { return {database_.data(), database_size_}; }

  bool resp3 = false;
  bool in_multi = false;  // MULTI was granted
  Subscriptions subscriptions;

 private:
  void SetDatabase(uint32_t index) {
    const auto result = std::to_chars(database_.data(), database_.data() + database_.size(), index);
    database_size_ = static_cast<uint8_t>(result.ptr - database_.data());
  }

  uint8_t database_size_ = 1;
  std::array<char, 10> database_ = {'0'};
};

}  // namespace sidelight::redis
