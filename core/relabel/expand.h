// Templates with the groups of a match in them: `$1`, `${1}`, `$name`, `${name}`, `$$`, as Go's
// regexp.Expand reads them. A name is as long as it can be: `$1x` is the group "1x". A group that is not
// there, or took no part in the match, is "". A dollar that begins none of these stays.
//
// Source: https://pkg.go.dev/regexp#Regexp.Expand .
#pragma once

#include <re2/re2.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace sidelight::relabel {

// `groups` holds the whole match and then each group of `regex`. What comes to more than `most` bytes is
// given up soon after these: whoever has a limit finds it exceeded.
std::string Expand(std::string_view text, const RE2& regex, std::span<const re2::StringPiece> groups,
                   size_t most = std::string::npos);

}  // namespace sidelight::relabel
