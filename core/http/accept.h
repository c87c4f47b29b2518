// What a client would like to get: the clauses of its Accept and Accept-Encoding headers.
//
// Source: RFC 9110, section 12.4 and 12.5.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/http/message.h"

namespace sidelight::http {

// "text/plain; version=0.0.4; q=0.5": names in lower case, values without quotes.
struct AcceptClause {
  std::string what;  // "text/plain", "gzip"
  Fields parameters;
  double weight = 1;  // 0 to 1, and not among the parameters

  // The first value under that name; empty when there is none.
  std::string_view Get(std::string_view name) const;
};

// `header`: several joined with commas; "" when there is none. In the order of the text; what makes no sense
// is left out.
std::vector<AcceptClause> ParseAccept(std::string_view header);

// Whether the Accept-Encoding header lets us answer gzip, and does not prefer the body as it is.
bool AcceptsGzip(std::string_view accept_encoding);

}  // namespace sidelight::http
