#include "collector/protocols/postgres/statement.h"

#include <cassert>

namespace sidelight::postgres {
namespace {

constexpr size_t kHeader = 2;

}  // namespace

void AppendStatement(Statement statement, std::string& row) {
  assert(statement.summary.size() <= kMaxSummary);
  const char header[kHeader] = {static_cast<char>(statement.operation),
                                static_cast<char>(statement.summary.size())};
  row.append(header, kHeader).append(statement.summary);
}

Statement TakeStatement(std::string_view& row) {
  const auto operation = static_cast<Keyword>(row[0]);
  const size_t length = static_cast<unsigned char>(row[1]);
  assert(row.size() >= kHeader + length);
  const Statement statement{operation, row.substr(kHeader, length)};
  row.remove_prefix(kHeader + length);
  return statement;
}

}  // namespace sidelight::postgres
