// The version of this build, as CMakeLists.txt's project() names it.
#pragma once

#include <string_view>

namespace sidelight::app {

std::string_view Version();  // "0.1.0"

}  // namespace sidelight::app
