#include "exporters/delivery/standing.h"

namespace sidelight::delivery {
namespace {

constexpr Duration kBetweenFailing = std::chrono::minutes(1);
constexpr Duration kBetweenPartly = std::chrono::minutes(10);

// Whether there may be another line, which then counts as written.
bool Due(std::optional<TimePoint>& last, Duration pause, TimePoint now) {
  if (last && now < *last + pause) return false;
  last = now;
  return true;
}

}  // namespace

std::optional<Standing::Line> Standing::Told(Event event, std::string_view problem, TimePoint now,
                                             UnixMillis unix_now) {
  const bool bad = event == Event::kFailed || event == Event::kRefused;
  if (bad && failing_) {
    // What began within the pause is told when it lasts.
    if (told_ || !Due(last_failing_line_, kBetweenFailing, now)) return std::nullopt;
    told_ = true;
    return first_ == Event::kFailed ? Line::kFailing : Line::kRefusing;
  }
  if (bad) {
    failing_ = true;
    first_ = event;
    problem_ = problem;
    since_ = unix_now;
    began_ = now;
    told_ = Due(last_failing_line_, kBetweenFailing, now);
    if (!told_) return std::nullopt;
    return first_ == Event::kFailed ? Line::kFailing : Line::kRefusing;
  }
  if (failing_) {
    failing_ = false;
    problem_.clear();
    lasted_ = now - began_;
    if (told_) return Line::kDelivering;
  }
  if (event == Event::kPartly && Due(last_partly_line_, kBetweenPartly, now)) return Line::kPartly;
  return std::nullopt;
}

}  // namespace sidelight::delivery
