#include "exporters/delivery/request.h"

namespace sidelight::delivery {

std::string_view Word(DropReason reason) {
  switch (reason) {
    case DropReason::kOverflow:
      return "overflow";
    case DropReason::kExpired:
      return "expired";
    case DropReason::kCorrupt:
      return "corrupt";
    case DropReason::kRejected:
      return "rejected";
    case DropReason::kTooLarge:
      return "too_large";
    case DropReason::kShutdown:
      return "shutdown";
    case DropReason::kDuplicate:
      return "duplicate";
  }
  return "";
}

}  // namespace sidelight::delivery
