#include "core/state/sqlite_connection.h"

#include <algorithm>
#include <mutex>
#include <utility>

namespace sidelight::state {
namespace {

constexpr size_t kStatements = 24;  // that are kept prepared
constexpr int kBusyMillis = 100;    // for somebody who looks into the file
constexpr int kMostBytesOfValue = 4 << 20;
constexpr int kMostBytesOfStatement = 64 << 10;

class StatementRow final : public Row {
 public:
  explicit StatementRow(sqlite3_stmt* statement) : statement_(statement) {}

  bool IsNull(int column) const override { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  int64_t Integer(int column) const override { return sqlite3_column_int64(statement_, column); }
  double Real(int column) const override { return sqlite3_column_double(statement_, column); }
  std::string_view Text(int column) const override {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    if (text == nullptr) return {};
    return {text, static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
  }
  std::string_view Bytes(int column) const override {
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
    if (bytes == nullptr) return {};
    return {bytes, static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
  }

 private:
  sqlite3_stmt* const statement_;
};

int Bind(sqlite3_stmt* statement, int at, const Parameter& parameter) {
  if (const auto* integer = std::get_if<int64_t>(&parameter)) {
    return sqlite3_bind_int64(statement, at, *integer);
  }
  if (const auto* real = std::get_if<double>(&parameter)) return sqlite3_bind_double(statement, at, *real);
  if (const auto* text = std::get_if<std::string_view>(&parameter)) {
    // A null pointer would bind NULL; the bytes are there until the statement is reset.
    return sqlite3_bind_text64(statement, at, text->data() == nullptr ? "" : text->data(), text->size(),
                               SQLITE_STATIC, SQLITE_UTF8);
  }
  if (const auto* blob = std::get_if<Blob>(&parameter)) {
    return sqlite3_bind_blob64(statement, at, blob->bytes.data() == nullptr ? "" : blob->bytes.data(),
                               blob->bytes.size(), SQLITE_STATIC);
  }
  return sqlite3_bind_null(statement, at);
}

// Before SQLite's first use in the process: no statistics under a mutex, and no 20 pages set aside for each
// connection in advance.
void ConfigureOnce() {
  static std::once_flag once;
  std::call_once(once, [] {
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3_config(SQLITE_CONFIG_PAGECACHE, nullptr, 0, 0);
  });
}

}  // namespace

bool SqliteError::damaged() const {
  switch (code) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    case SQLITE_SCHEMA:
    case SQLITE_ERROR:
    case SQLITE_MISMATCH:
    case SQLITE_CONSTRAINT:
    case SQLITE_TOOBIG:
    case SQLITE_RANGE:
      return true;
    default:
      return false;
  }
}

SqliteResult<std::unique_ptr<SqliteConnection>> SqliteConnection::Open(const std::string& name, int flags) {
  ConfigureOnce();
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(name.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  if (raw == nullptr) {
    return tl::unexpected(SqliteError{SQLITE_NOMEM, "SQLite has no memory for a connection"});
  }
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection(raw));
  if (code != SQLITE_OK) return connection->Failed(code);
  sqlite3_busy_timeout(raw, kBusyMillis);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_LOOKASIDE, nullptr, 0, 0);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
  sqlite3_limit(raw, SQLITE_LIMIT_LENGTH, kMostBytesOfValue);
  sqlite3_limit(raw, SQLITE_LIMIT_SQL_LENGTH, kMostBytesOfStatement);
  sqlite3_limit(raw, SQLITE_LIMIT_ATTACHED, 1);  // VACUUM needs one
  return connection;
}

SqliteResult<std::unique_ptr<SqliteConnection>> SqliteConnection::OpenInMemory() {
  return Open(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY);
}

SqliteResult<std::unique_ptr<SqliteConnection>> SqliteConnection::OpenDamaged(const std::string& path) {
  auto connection = Open(path, SQLITE_OPEN_READWRITE);
  if (!connection) return connection;
  // So that a file that is shorter than it says, or whose schema does not fit, is read as far as it goes; and
  // so that nothing is written into it at the end.
  sqlite3_db_config((*connection)->connection_, SQLITE_DBCONFIG_DEFENSIVE, 0, nullptr);
  sqlite3_db_config((*connection)->connection_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  auto done = (*connection)->RunScript("PRAGMA writable_schema = ON; PRAGMA cache_size = -128");
  if (!done) return tl::unexpected(std::move(done).error());
  return connection;
}

SqliteConnection::~SqliteConnection() {
  DropStatements();
  sqlite3_close(connection_);
}

tl::unexpected<SqliteError> SqliteConnection::Failed(int code) const {
  constexpr int kPrimary = 0xff;
  return tl::unexpected(SqliteError{code & kPrimary, sqlite3_errmsg(connection_)});
}

SqliteResult<void> SqliteConnection::RunScript(const std::string& sql) {
  const int code = sqlite3_exec(connection_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return Failed(code);
  return {};
}

SqliteResult<sqlite3_stmt*> SqliteConnection::Prepare(std::string_view sql) {
  const auto known = std::find_if(prepared_.begin(), prepared_.end(),
                                  [&](const Prepared& prepared) { return prepared.sql == sql; });
  if (known != prepared_.end()) {
    std::rotate(known, known + 1, prepared_.end());
    return prepared_.back().statement;
  }
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(connection_, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return Failed(code);
  if (statement == nullptr) return tl::unexpected(SqliteError{SQLITE_MISUSE, "an empty statement"});
  // One that is in use (this is called while its rows are read) stays; there are never many of them.
  const auto idle = std::find_if(prepared_.begin(), prepared_.end(), [](const Prepared& prepared) {
    return sqlite3_stmt_busy(prepared.statement) == 0;
  });
  if (prepared_.size() >= kStatements && idle != prepared_.end()) {
    sqlite3_finalize(idle->statement);
    prepared_.erase(idle);
  }
  prepared_.push_back({std::string(sql), statement});
  return statement;
}

SqliteResult<void> SqliteConnection::Step(sqlite3_stmt* statement, std::span<const Parameter> parameters,
                                          const std::function<void(const Row&)>& row) {
  if (static_cast<size_t>(sqlite3_bind_parameter_count(statement)) != parameters.size()) {
    return tl::unexpected(SqliteError{SQLITE_MISUSE, "the statement takes another number of parameters"});
  }
  for (size_t i = 0; i < parameters.size(); ++i) {
    const int code = Bind(statement, static_cast<int>(i) + 1, parameters[i]);
    if (code != SQLITE_OK) return Failed(code);
  }
  const StatementRow answer(statement);
  while (true) {
    const int code = sqlite3_step(statement);
    if (code == SQLITE_DONE) return {};
    if (code != SQLITE_ROW) return Failed(code);
    if (row) row(answer);
  }
}

SqliteResult<void> SqliteConnection::Run(std::string_view sql, std::span<const Parameter> parameters,
                                         const std::function<void(const Row&)>& row) {
  auto statement = Prepare(sql);
  if (!statement) return tl::unexpected(std::move(statement).error());
  if (sqlite3_stmt_busy(*statement) != 0) {
    return tl::unexpected(SqliteError{SQLITE_MISUSE, "a statement was run while its rows are read"});
  }
  auto done = Step(*statement, parameters, row);
  sqlite3_reset(*statement);
  sqlite3_clear_bindings(*statement);
  return done;
}

SqliteResult<int64_t> SqliteConnection::Integer(std::string_view sql) {
  int64_t value = 0;
  auto done = Run(sql, {}, [&](const Row& row) { value = row.Integer(0); });
  if (!done) return tl::unexpected(std::move(done).error());
  return value;
}

SqliteResult<std::string> SqliteConnection::Text(std::string_view sql) {
  std::string value;
  auto done = Run(sql, {}, [&](const Row& row) {
    if (value.empty()) value = row.Text(0);
  });
  if (!done) return tl::unexpected(std::move(done).error());
  return value;
}

SqliteResult<void> SqliteConnection::Transact(const std::function<SqliteResult<void>()>& work) {
  auto done = Run("BEGIN IMMEDIATE");
  if (!done) return done;
  done = work();
  if (done) done = Run("COMMIT");
  // Some errors have rolled it back already.
  if (!done && InTransaction()) (void)Run("ROLLBACK");
  return done;
}

bool SqliteConnection::InTransaction() const {
  return sqlite3_get_autocommit(connection_) == 0;
}

SqliteResult<void> SqliteConnection::CopyFrom(SqliteConnection& source) {
  DropStatements();
  sqlite3_backup* const backup = sqlite3_backup_init(connection_, "main", source.connection_, "main");
  if (backup == nullptr) return Failed(sqlite3_errcode(connection_));
  constexpr int kAll = -1;
  const int code = sqlite3_backup_step(backup, kAll);
  sqlite3_backup_finish(backup);
  if (code != SQLITE_DONE) return tl::unexpected(SqliteError{code & 0xff, sqlite3_errstr(code)});
  return {};
}

void SqliteConnection::Shrink() {
  DropStatements();
  sqlite3_db_release_memory(connection_);
}

void SqliteConnection::DropStatements() {
  for (const Prepared& prepared : prepared_) sqlite3_finalize(prepared.statement);
  prepared_.clear();
}

}  // namespace sidelight::state
