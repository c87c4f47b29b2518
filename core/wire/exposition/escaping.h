// How a UTF-8 name is said to a scraper that knows only the classic characters: the escaping schemes of
// https://prometheus.io/docs/instrumenting/escaping_schemes/ .
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sidelight::wire {

enum class EscapingScheme : uint8_t {
  kUnderscores,  // what is not classic becomes `_`; the default
  kDots,         // `.` becomes `_dot_`, `_` becomes `__`, the rest `_`
  kValues,       // `U__` in front, `_` becomes `__`, the rest its code point, as in `_2E_`; can be undone
  kAllowUtf8,    // as it is, quoted where the format needs it
};

// Colons are classic in the names of metrics, not in those of labels.
enum class NameKind : uint8_t { kMetric, kLabel };

// The scheme that an `escaping=` parameter names; nothing for a word that is none.
std::optional<EscapingScheme> ParseEscapingScheme(std::string_view word);
std::string_view EscapingSchemeWord(EscapingScheme scheme);

// `name` as it is exposed. A classic name stays as it is, except under kDots, which doubles its underscores;
// broken UTF-8 counts as U+FFFD. Under all schemes but kAllowUtf8 the result is a classic name; "" stays "".
std::string EscapeName(std::string_view name, EscapingScheme scheme, NameKind kind);

// The way back from kValues. A name that does not begin with `U__`, or whose rest is not what that scheme
// writes, stays as it is.
std::string UnescapeName(std::string_view name);

// True for a name that stands in the text formats without quotes.
bool IsClassicName(std::string_view name, NameKind kind);

}  // namespace sidelight::wire
