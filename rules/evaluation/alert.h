// Alert: one element of an alert rule's result, from when it first appears until it has been resolved for a
// while.
//
//   inactive -> pending (the rule's `for`) -> firing -> (keep_firing_for) -> inactive, resolved
//
// A plain value; times are those of evaluations.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/model/labels.h"

namespace sidelight::rules {

enum class AlertState : uint8_t { kInactive, kPending, kFiring };
// "inactive", "pending", "firing".
std::string_view AlertStateName(AlertState state);

struct Alert {
  AlertState state = AlertState::kPending;
  Labels labels;  // with alertname; they identify the alert within its rule
  Labels annotations;
  double value = 0;  // of the element when it was last there

  UnixMillis active_at = 0;  // when it became pending
  std::optional<UnixMillis> fired_at;
  std::optional<UnixMillis> resolved_at;
  std::optional<UnixMillis> last_sent_at;
  std::optional<UnixMillis> keep_firing_since;  // the element has been missing since then

  // It came back after a restart, and no evaluation has found it since.
  bool restored = false;
  // It stays as it is, whatever the expression says, as history does not yet reach back as far as the
  // expression looks (docs/rules.md).
  bool held = false;
};

// An alert as it is told to others: firing while `ends_at` lies ahead, else resolved.
struct Notification {
  Labels labels;
  Labels annotations;
  UnixMillis starts_at = 0;  // when it fired
  UnixMillis ends_at =
      0;  // when it was resolved; of a firing one when to take it for resolved unless told again
  std::string generator_url;
};

}  // namespace sidelight::rules
