#include "collector/protocols/autodetect/detect.h"

#include <cassert>

#include "collector/protocols/likeness.h"

namespace sidelight::autodetect {

Detection Detect(std::string_view prefix) {
  assert(prefix.size() <= kMaxPrefix);
  const bool full = prefix.size() == kMaxPrefix;
  for (const Protocol& protocol : Protocols()) {
    if (protocol.likeness == nullptr) continue;
    switch (protocol.likeness(prefix)) {
      case Likeness::kNo:
        continue;
      case Likeness::kMaybe:
        if (full) continue;
        return {};
      case Likeness::kYes:
        return {.decided = true, .protocol = &protocol};
    }
  }
  return {.decided = true, .protocol = nullptr};
}

}  // namespace sidelight::autodetect
