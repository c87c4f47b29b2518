// Detect: which protocol a connection speaks, by what each protocol says about its first bytes (likeness.h).
#pragma once

#include <string_view>

#include "collector/protocols/protocol.h"

namespace sidelight::autodetect {

struct Detection {
  bool decided = false;                // false: more bytes are needed
  const Protocol* protocol = nullptr;  // null when decided: none of those that we know
};

// `prefix`: the first bytes that the client sent, at most kMaxPrefix. Where two protocols would take them the
// one that stands first in the table of protocol.cc gets them, and is waited for until it has said no.
Detection Detect(std::string_view prefix);

}  // namespace sidelight::autodetect
