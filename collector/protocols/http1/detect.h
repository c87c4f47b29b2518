// Whether a client speaks HTTP/1: a request line (RFC 9112, section 3) with "HTTP/1" behind its target, or a
// target that is still going on where the prefix ends. A method is one that we know, or begins with a
// letter and has no lower-case one. HTTP/2 begins with "PRI * HTTP/2.0", which is none.
#pragma once

#include <string_view>

#include "collector/protocols/likeness.h"

namespace sidelight::http1 {

Likeness LikenessOf(std::string_view prefix);

}  // namespace sidelight::http1
