#include "src/app/version.h"

namespace sidelight::app {

std::string_view Version() {
  return SIDELIGHT_VERSION;
}

}  // namespace sidelight::app
