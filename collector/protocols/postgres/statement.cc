#include "collector/protocols/postgres/statement.h"

#include <cassert>

namespace sidelight::postgres {
namespace {

constexpr size_t kHeader = 4;

}  // namespace

void AppendStatement(Statement statement, std::string& row) {
  assert(statement.summary.size() <= kMaxSummary && statement.query.size() <= kMaxQuery);
  const char header[kHeader] = {
      static_cast<char>(statement.operation), static_cast<char>(statement.summary.size()),
      static_cast<char>(statement.query.size() >> 8), static_cast<char>(statement.query.size())};
  row.append(header, kHeader).append(statement.summary).append(statement.query);
}

Statement TakeStatement(std::string_view& row) {
  const auto byte = [row](size_t at) { return static_cast<size_t>(static_cast<unsigned char>(row[at])); };
  const auto operation = static_cast<Keyword>(row[0]);
  const size_t summary = byte(1);
  const size_t query = byte(2) << 8 | byte(3);
  assert(row.size() >= kHeader + summary + query);
  const Statement statement{operation, row.substr(kHeader, summary), row.substr(kHeader + summary, query)};
  row.remove_prefix(kHeader + summary + query);
  return statement;
}

void AppendWithoutQueries(std::string_view row, std::string& to) {
  while (!row.empty()) {
    Statement statement = TakeStatement(row);
    statement.query = {};
    AppendStatement(statement, to);
  }
}

}  // namespace sidelight::postgres
