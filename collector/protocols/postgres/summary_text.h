// SummaryText: the summary of one statement as it grows: operations, and behind each its tables, each of them
// once. The queries that a leading WITH defines come last, behind the one that uses them, and the names that
// it gives them are no tables.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "collector/protocols/postgres/statement.h"

namespace sidelight::postgres {

class SummaryText {
 public:
  void Clear();

  // `in_with`: it stands in a query that a leading WITH defines.
  void AddOperation(std::string_view name, bool in_with);
  // From here on the tables are those of another query.
  void ForgetTables() { table_count_ = 0; }
  void AddTable(std::string_view name, bool in_with);
  size_t table_count() const { return table_count_; }
  void AddWithName(std::string_view name);

  // All of it; at most kMaxSummary bytes, and valid until the next call.
  std::string_view Finish();

 private:
  static constexpr size_t kMaxTables = 16;
  static constexpr size_t kMaxWithNames = 16;

  struct Text {
    std::array<char, kMaxSummary> bytes;
    size_t size = 0;
    bool full = false;
  };

  void Append(std::string_view token, bool in_with);

  std::array<uint32_t, kMaxTables> tables_;  // hashes of those of the present query
  std::array<uint32_t, kMaxWithNames> with_names_;
  size_t table_count_ = 0;
  size_t with_name_count_ = 0;
  Text main_;
  Text with_;
};

}  // namespace sidelight::postgres
