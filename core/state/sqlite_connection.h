// SqliteConnection: one connection to SQLite, with its statements prepared once and little memory.
//
// What a file may hold is not trusted: its triggers and views do not run, and values are bounded. Belongs to
// one thread at a time. Internal to core/state.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "core/state/database.h"

namespace sidelight::state {

struct SqliteError {
  int code = SQLITE_ERROR;  // the primary one
  std::string message;

  // What is in the file is wrong, and not what the system allows us to do with it.
  bool damaged() const;
  // It is sound, and another program's or a newer version's (schema.h).
  bool foreign() const { return code == SQLITE_FORMAT; }
  // The bytes of the file make no sense, whoever has written them.
  bool corrupt() const { return code == SQLITE_CORRUPT || code == SQLITE_NOTADB; }
  // The disk has no room, or failed in another way (SQLite does not always tell the two apart).
  bool no_space() const { return code == SQLITE_FULL || code == SQLITE_IOERR; }
};

template <class T>
using SqliteResult = tl::expected<T, SqliteError>;

class SqliteConnection {
 public:
  // `name` is a path or a URI; flags as sqlite3_open_v2() has them.
  static SqliteResult<std::unique_ptr<SqliteConnection>> Open(const std::string& name, int flags);
  static SqliteResult<std::unique_ptr<SqliteConnection>> OpenInMemory();
  // For reading what can be read.
  static SqliteResult<std::unique_ptr<SqliteConnection>> OpenDamaged(const std::string& path);
  ~SqliteConnection();
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  // One or more statements, unprepared, without an answer.
  SqliteResult<void> RunScript(const std::string& sql);
  // One statement; `row` may be empty.
  SqliteResult<void> Run(std::string_view sql, std::span<const Parameter> parameters = {},
                         const std::function<void(const Row&)>& row = {});
  // The first column of the first row; 0 and "" when there is none.
  SqliteResult<int64_t> Integer(std::string_view sql);
  SqliteResult<std::string> Text(std::string_view sql);
  // All that `work` does, or nothing of it.
  SqliteResult<void> Transact(const std::function<SqliteResult<void>()>& work);
  bool InTransaction() const;

  // Everything in `source`, in place of what is here.
  SqliteResult<void> CopyFrom(SqliteConnection& source);
  // Gives back what is kept for later.
  void Shrink();

 private:
  struct Prepared {
    std::string sql;
    sqlite3_stmt* statement = nullptr;
  };

  explicit SqliteConnection(sqlite3* connection) : connection_(connection) {}
  tl::unexpected<SqliteError> Failed(int code) const;
  SqliteResult<sqlite3_stmt*> Prepare(std::string_view sql);
  SqliteResult<void> Step(sqlite3_stmt* statement, std::span<const Parameter> parameters,
                          const std::function<void(const Row&)>& row);
  void DropStatements();

  sqlite3* const connection_;
  std::vector<Prepared> prepared_;  // the one used last is the last
};

}  // namespace sidelight::state
