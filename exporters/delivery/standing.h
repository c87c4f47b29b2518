// Standing: how a destination does, and what is worth a line in the log: one when it begins to fail, one when
// it is well again.
//
// A destination that comes and goes gets a pair of lines a minute at most. What it refuses while it takes the
// rest is said once in ten minutes. Sans-I/O, a plain value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/clock.h"

namespace sidelight::delivery {

class Standing {
 public:
  enum class Event : uint8_t { kDelivered, kPartly, kFailed, kRefused };
  enum class Line : uint8_t {
    kFailing,     // problem()
    kRefusing,    // problem()
    kPartly,      // what was told
    kDelivering,  // again, after lasted()
  };
  // What to log now; nothing when that is no news.
  std::optional<Line> Told(Event event, std::string_view problem, TimePoint now, UnixMillis unix_now);

  bool failing() const { return failing_; }
  const std::string& problem() const { return problem_; }  // the first one since it fails; else ""
  UnixMillis since() const { return since_; }              // of failing
  Duration lasted() const { return lasted_; }              // how long it failed, when that has ended

 private:
  bool failing_ = false;
  bool told_ = false;             // of failing
  Event first_ = Event::kFailed;  // of those that make it failing
  std::string problem_;
  UnixMillis since_ = 0;
  TimePoint began_;
  Duration lasted_ = Duration::zero();
  std::optional<TimePoint> last_failing_line_;
  std::optional<TimePoint> last_partly_line_;
};

}  // namespace sidelight::delivery
