// What of a file's lines an error may show. Of a secret it shows nothing, whether a room said that a value is
// one (Node::Read(Secret*)), or it only looks like one: nobody knows better of a file that is no YAML, or
// where a secret stands in the wrong place.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "core/yaml/source.h"

namespace sidelight::yaml {

// How many bytes of the line may be shown: all those before a secret. What looks like one is the value of a
// key such as "password" or "client_secret", also on the lines after it, and a user in a URL.
size_t VisibleBytes(const Source& source, int line, std::span<const Extent> secrets);

// Whether a key of that name holds a secret: "password", "client_secret", not "password_file".
bool SoundsSecret(std::string_view key);

// The text with `***` in place of the user of each URL in it.
std::string WithoutUsers(std::string text);

}  // namespace sidelight::yaml
