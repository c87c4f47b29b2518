// Prepared: what a connection's prepared statements and portals do, by name, each as a row of statement.h.
// The unnamed ones, which most drivers use for every statement, cost no look-up.
//
// What is not known here, since its name is too long or there are too many, is reported as "_OTHER" without
// summary.
#pragma once

#include <tsl/robin_map.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "collector/protocols/postgres/statement.h"

namespace sidelight::postgres {

class Prepared {
 public:
  static constexpr size_t kMaxNames = 1024;  // of statements, and of portals
  static constexpr size_t kMaxName = 128;    // bytes
  // Of the texts of all that have names; those beyond are kept without.
  static constexpr size_t kMaxQueryBytes = 256 * 1024;

  // `row` holds one statement, or none when nothing is known of it.
  void Parse(std::string_view statement, std::string_view row);
  void Bind(std::string_view portal, std::string_view statement);
  // The row of what an Execute of that portal does; until the next call. The first time that is its
  // statement, later a FETCH of the same tables.
  std::string_view Execute(std::string_view portal);
  void CloseStatement(std::string_view name);
  void ClosePortal(std::string_view name);

  // The server forgot them: DISCARD ALL and DEALLOCATE ALL, and the end of a transaction.
  void ForgetStatements();
  void ForgetPortals();

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view name) const { return std::hash<std::string_view>()(name); }
  };
  template <typename Value>
  using Map = tsl::robin_map<std::string, Value, Hash, std::equal_to<>>;

  struct Portal {
    std::string row;
    bool executed = false;
  };
  // Few connections have any.
  struct Named {
    Map<std::string> statements;
    Map<Portal> portals;
    size_t query_bytes = 0;  // of texts in them
  };

  std::string_view Find(std::string_view statement) const;
  Named& named();
  // Into the row of something that has a name.
  void Assign(std::string& row, std::string_view to);

  std::string unnamed_;
  Portal unnamed_portal_;
  std::unique_ptr<Named> named_;
};

}  // namespace sidelight::postgres
