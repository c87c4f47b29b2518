// Statement: what is kept of a piece of SQL, its operation and its summary, and the row of bytes in which
// several of them are stored: for each its operation, the length of its summary, and its summary.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "collector/protocols/postgres/keywords.h"

namespace sidelight::postgres {

struct Statement {
  Keyword operation = Keyword::kNone;
  std::string_view summary;  // at most kMaxSummary bytes
};

inline constexpr size_t kMaxSummary = 255;

void AppendStatement(Statement statement, std::string& row);
// Takes the first statement off `row`, which must not be empty.
Statement TakeStatement(std::string_view& row);

}  // namespace sidelight::postgres
