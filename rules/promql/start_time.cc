#include "rules/promql/start_time.h"

namespace sidelight::promql {

bool ResetByStart(const Stamp& before, const Stamp& now) {
  if (now.start == 0 || now.start >= now.time) return false;
  if (now.start > before.time) return true;
  return now.start == before.time && before.start != 0 && before.start < before.time;
}

bool OverlapsByStart(const Stamp& before, const Stamp& now) {
  return now.start != 0 && now.start < before.time && now.start != before.start;
}

bool BeganWithin(const Stamp& first, UnixMillis range_start) {
  return first.start != 0 && first.start > range_start && first.start < first.time;
}

}  // namespace sidelight::promql
