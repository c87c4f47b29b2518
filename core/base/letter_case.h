// Capital and small letters of a text in UTF-8, letter by letter, as Go's strings.ToUpper and ToLower change
// them: no language's own rules, and never one letter into two (ß stays). Bytes that are no UTF-8 stay.
#pragma once

#include <string>
#include <string_view>

namespace sidelight {

std::string ToUpper(std::string_view text);
std::string ToLower(std::string_view text);

}  // namespace sidelight
