// Whether a client speaks to Redis: a command as an array of bulk strings, or inline, when its name is one
// that we know.
#pragma once

#include <string_view>

#include "collector/protocols/likeness.h"

namespace sidelight::redis {

Likeness LikenessOf(std::string_view prefix);

}  // namespace sidelight::redis
