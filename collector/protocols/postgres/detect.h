// Whether a client speaks to PostgreSQL: the length and the code of the packet that a connection begins with,
// a startup of version 3 or a request for encryption or cancellation.
#pragma once

#include <string_view>

#include "collector/protocols/likeness.h"

namespace sidelight::postgres {

Likeness LikenessOf(std::string_view prefix);

}  // namespace sidelight::postgres
