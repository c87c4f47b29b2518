// Whether a client speaks to memcached: a command of the text protocol that we know, or the header of a
// request of the binary protocol, as far as its sizes.
#pragma once

#include <string_view>

#include "collector/protocols/likeness.h"

namespace sidelight::memcached {

Likeness LikenessOf(std::string_view prefix);

}  // namespace sidelight::memcached
