// What a reload takes over of a configuration, and what waits for a restart: the one place that knows.
// docs/configuration.md has the same two lists, and a test holds every key to one of them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/config/config.h"

namespace sidelight::config {

enum class Effect { kReload, kRestart };

// When a change of that key takes effect; "limits.drain", "taps[].listen", as docs/configuration.md writes
// it. Nothing: the key is in neither class.
std::optional<Effect> EffectOf(std::string_view key);
// The keys of a class, each with all below it; of keys below each other the longest one counts.
std::vector<std::string_view> KeysOf(Effect effect);

struct Reload {
  Config config;  // that is in force after it
  // The keys that have changed and take effect after a restart: "interval", "taps[api]".
  std::vector<std::string> waiting;
};

// A reload of `fresh` where `running` is in force. The settings of the exporters' queue wait for a restart
// only when it is open already.
Reload AfterReload(const Config& running, Config fresh, bool queue_is_open);

}  // namespace sidelight::config
