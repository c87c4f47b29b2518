// Statement: what is kept of a piece of SQL: its operation, its summary and, for a sink that wants it, its
// text without literals (normalize.h); and the row of bytes in which several of them are stored: for each its
// operation, the lengths of its summary and of its text, and these.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "collector/protocols/postgres/keywords.h"

namespace sidelight::postgres {

struct Statement {
  Keyword operation = Keyword::kNone;
  std::string_view summary;  // at most kMaxSummary bytes
  std::string_view query;    // at most kMaxQuery bytes; "" when it is not wanted, or there is no room for it
};

inline constexpr size_t kMaxSummary = 255;
inline constexpr size_t kMaxQuery = 2048;

void AppendStatement(Statement statement, std::string& row);
// Takes the first statement off `row`, which must not be empty.
Statement TakeStatement(std::string_view& row);
// Appends the statements of `row` to `to`, without their texts.
void AppendWithoutQueries(std::string_view row, std::string& to);

}  // namespace sidelight::postgres
