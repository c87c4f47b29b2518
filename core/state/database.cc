#include "core/state/database.h"

#include <fmt/format.h>

#include <atomic>
#include <optional>
#include <utility>

#include "core/base/log.h"
#include "core/state/database_file.h"
#include "core/state/schema.h"
#include "core/state/sqlite_connection.h"

namespace sidelight::state {
namespace {

constexpr uint64_t kPageBytes = 4096;
// A file of at most this size is read through at the start, in some 30 ms.
constexpr uint64_t kCheckedBytes = uint64_t{32} << 20;

using Opened = SqliteResult<std::unique_ptr<SqliteConnection>>;

// With a log that is small and is folded into the file often. NORMAL: what is committed survives the process;
// the disk is waited for only when the log is folded in.
SqliteResult<void> ConfigureFile(SqliteConnection& connection, uint64_t max_bytes) {
  const auto mode = connection.Text("PRAGMA journal_mode = WAL");
  if (!mode) return tl::unexpected(mode.error());
  // A file system without shared memory keeps its rollback journal, which NORMAL would not protect.
  auto done =
      connection.RunScript(*mode == "wal" ? "PRAGMA synchronous = NORMAL" : "PRAGMA synchronous = FULL");
  if (!done) return done;
  return connection.RunScript(
      fmt::format("PRAGMA wal_autocheckpoint = 256; PRAGMA journal_size_limit = 1048576; "
                  "PRAGMA cache_size = -128; PRAGMA temp_store = MEMORY; PRAGMA cell_size_check = ON; "
                  "PRAGMA max_page_count = {}",
                  max_bytes / kPageBytes));
}

SqliteResult<void> Check(SqliteConnection& connection) {
  const auto found = connection.Text("PRAGMA quick_check(1)");
  if (!found) return tl::unexpected(found.error());
  if (*found == "ok") return {};
  // Its first line only says which database of a connection is meant.
  const size_t line = found->rfind('\n') + 1;
  return tl::unexpected(SqliteError{SQLITE_CORRUPT, "it is corrupt: " + found->substr(line)});
}

Opened OpenFile(const DatabaseFile& file, const Database::Options& options) {
  const auto damage = file.Damage();
  if (!damage) return tl::unexpected(SqliteError{SQLITE_CANTOPEN, damage.error().message});
  if (*damage) return tl::unexpected(SqliteError{SQLITE_NOTADB, **damage});
  const auto size = file.Size();
  if (!size) return tl::unexpected(SqliteError{SQLITE_CANTOPEN, size.error().message});
  auto connection = SqliteConnection::Open(file.path(), SQLITE_OPEN_READWRITE);
  if (!connection) return connection;
  auto done = ConfigureFile(**connection, options.max_bytes);
  if (done && *size <= kCheckedBytes) done = Check(**connection);
  if (done) done = ApplySchemas(**connection, options.schemas);
  if (!done) return tl::unexpected(std::move(done).error());
  (*connection)->Shrink();
  return connection;
}

Opened OpenMemory(const Database::Options& options) {
  auto connection = SqliteConnection::OpenInMemory();
  if (!connection) return connection;
  auto done = ApplySchemas(**connection, options.schemas);
  if (!done) return tl::unexpected(std::move(done).error());
  (*connection)->Shrink();
  return connection;
}

// For a URI: https://www.sqlite.org/uri.html.
std::string EscapePath(std::string_view path) {
  std::string escaped;
  for (const char c : path) {
    if (c == '%' || c == '?' || c == '#') {
      escaped += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    } else {
      escaped += c;
    }
  }
  return escaped;
}

// The file's content, in memory. With `log`, what stands in the log beside it is seen, which takes a shared
// memory that somebody must have been able to make.
Opened ReadInto(const DatabaseFile& file, const Database::Options& options, bool log) {
  const std::string uri = "file:" + EscapePath(file.path()) + (log ? "?mode=ro" : "?immutable=1");
  auto source = SqliteConnection::Open(uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
  if (!source) return source;
  auto done = Check(**source);
  if (!done) return tl::unexpected(std::move(done).error());
  auto connection = SqliteConnection::OpenInMemory();
  if (!connection) return connection;
  done = (*connection)->CopyFrom(**source);
  if (done) done = ApplySchemas(**connection, options.schemas);
  if (!done) return tl::unexpected(std::move(done).error());
  (*connection)->Shrink();
  return connection;
}

Opened OpenCopy(const DatabaseFile& file, const Database::Options& options) {
  const auto size = file.Size();
  if (!size || *size == 0 || *size > kCheckedBytes) return OpenMemory(options);
  auto copy = ReadInto(file, options, true);
  // Without its log, a file that has one is neither the old state nor the new one.
  if (!copy && !file.HasLog()) copy = ReadInto(file, options, false);
  return copy ? std::move(copy) : OpenMemory(options);
}

}  // namespace

struct Database::Connection {
  std::optional<DatabaseFile> file;  // closed last: it holds the lock
  std::unique_ptr<SqliteConnection> sqlite;
  Health::Mode mode = Health::Mode::kOff;
  std::string problem;
  uint64_t set_aside = 0;
  std::string renamed;
  bool renamed_is_damaged = false;
  std::atomic<uint64_t> errors = 0;
  std::atomic<uint64_t> damaged = 0;
  std::atomic<bool> failing = false;
  std::string holds;
  bool quiet = false;
  const Clock* clock = nullptr;
  uint64_t reserve_bytes = 0;
  std::atomic<bool> reserved = false;
  bool no_space = false;    // that was why a statement failed, since it was set back
  TimePoint reserve_again;  // not earlier

  void Open(const Options& options);
  Status OpenDurable(const Options& options);
  Status SetAside(const SqliteError& why);
  Status Told(const SqliteResult<void>& done, bool writes);
  Status Transact(const std::function<Status()>& work);
  void KeepReserve();
};

// Sets the file aside when that helps. The error says why there is no file.
Status Database::Connection::OpenDurable(const Options& options) {
  Status prepared = file->Prepare();
  if (!prepared) return prepared;
  if (options.is_damaged) {
    Status aside = SetAside({SQLITE_CORRUPT, "it is corrupt"});
    if (!aside) return aside;
  }
  Opened opened = OpenFile(*file, options);
  if (!opened && opened.error().damaged()) {
    Status aside = SetAside(opened.error());
    if (!aside) return aside;
    opened = OpenFile(*file, options);
  }
  if (!opened && reserve_bytes > 0 && file->Release()) opened = OpenFile(*file, options);
  if (!opened)
    return Fail(ErrorCode::kInternal, "could not open " + file->path() + ": " + opened.error().message);
  sqlite = std::move(*opened);
  KeepReserve();
  return {};
}

Status Database::Connection::SetAside(const SqliteError& why) {
  const auto name = file->SetAside(clock->UnixNow());
  if (!name) {
    return Fail(ErrorCode::kInternal, file->path() + " cannot be used (" + why.message +
                                          ") and could not be set aside: " + name.error().message);
  }
  ++set_aside;
  renamed = *name;
  renamed_is_damaged = !why.foreign();
  log::Error("the file with " + holds + " cannot be used and was set aside",
             {{"file", file->path()}, {"renamed", *name}, {"error", why.message}});
  return {};
}

void Database::Connection::KeepReserve() {
  constexpr Duration kPause = std::chrono::minutes(1);
  if (reserve_bytes == 0 || reserved || clock->Now() < reserve_again) return;
  reserved = file->Reserve(reserve_bytes);
  reserve_again = clock->Now() + kPause;
}

void Database::Connection::Open(const Options& options) {
  holds = options.holds;
  quiet = options.quiet;
  clock = options.clock == nullptr ? &SystemClock() : options.clock;
  reserve_bytes = options.reserve_bytes;
  if (!options.folder.empty()) {
    file.emplace(options.folder, options.name);
    const Status done = OpenDurable(options);
    mode = done ? Health::Mode::kDurable : Health::Mode::kMemory;
    if (done) return;
    problem = done.error().message;
    if (!quiet)
      log::Error(holds + " is kept in memory only and will not survive a restart", {{"error", problem}});
  }
  auto opened = file && options.copy_into_memory ? OpenCopy(*file, options) : OpenMemory(options);
  if (opened) {
    sqlite = std::move(*opened);
    return;
  }
  problem = "there is no database: " + opened.error().message;
  log::Error(holds + " is not kept at all", {{"error", problem}});
}

Status Database::Connection::Told(const SqliteResult<void>& done, bool writes) {
  if (done) {
    if (writes && failing.exchange(false) && !quiet) log::Info(holds + " is written again");
    return {};
  }
  ++errors;
  if (done.error().corrupt()) ++damaged;
  if (done.error().no_space()) no_space = true;
  if (writes && !failing.exchange(true) && !quiet) {
    log::Error(holds + " could not be written", {{"error", done.error().message}});
  }
  return Fail(ErrorCode::kUnavailable, "the database with " + holds + ": " + done.error().message);
}

Status Database::Connection::Transact(const std::function<Status()>& work) {
  Status worked;
  auto done = sqlite->Transact([&]() -> SqliteResult<void> {
    worked = work();
    if (!worked) return tl::unexpected(SqliteError{SQLITE_ABORT, worked.error().message});
    return {};
  });
  if (!worked) {
    // What failed in it has been counted.
    if (worked.error().code == ErrorCode::kUnavailable && !failing.exchange(true) && !quiet) {
      log::Error(holds + " could not be written", {{"error", worked.error().message}});
    }
    return worked;
  }
  return Told(done, true);
}

std::unique_ptr<Database> Database::Open(Options options) {
  auto connection = std::make_unique<Connection>();
  connection->Open(options);
  return std::unique_ptr<Database>(new Database(std::move(connection)));
}

Result<std::unique_ptr<Database>> Database::OpenDamaged(const std::string& path) {
  auto opened = SqliteConnection::OpenDamaged(path);
  if (!opened) return Fail(ErrorCode::kUnavailable, "could not open " + path + ": " + opened.error().message);
  auto connection = std::make_unique<Connection>();
  connection->sqlite = std::move(*opened);
  connection->holds = path;
  connection->clock = &SystemClock();
  return std::unique_ptr<Database>(new Database(std::move(connection)));
}

Database::Database(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}

Database::~Database() = default;

Status Database::Execute(std::string_view sql, std::span<const Parameter> parameters) {
  if (!connection_->sqlite) return Fail(ErrorCode::kUnavailable, connection_->problem);
  // Within a transaction nothing is written yet.
  const bool writes = !connection_->sqlite->InTransaction();
  return connection_->Told(connection_->sqlite->Run(sql, parameters), writes);
}

Status Database::Query(std::string_view sql, std::span<const Parameter> parameters,
                       const std::function<void(const Row&)>& row) {
  if (!connection_->sqlite) return Fail(ErrorCode::kUnavailable, connection_->problem);
  return connection_->Told(connection_->sqlite->Run(sql, parameters, row), false);
}

Status Database::Transact(const std::function<Status()>& work, Space space) {
  if (!connection_->sqlite) return Fail(ErrorCode::kUnavailable, connection_->problem);
  connection_->no_space = false;
  Status done = connection_->Transact(work);
  if (!done && space == Space::kReserve && connection_->no_space && connection_->file &&
      connection_->reserve_bytes > 0 && connection_->file->Release()) {
    connection_->reserved = false;
    done = connection_->Transact(work);
  }
  if (done && space == Space::kOrdinary && connection_->file) connection_->KeepReserve();
  return done;
}

Health Database::health() const {
  return {.mode = connection_->mode,
          .problem = connection_->problem,
          .set_aside = connection_->set_aside,
          .errors = connection_->errors,
          .failing = connection_->failing,
          .damaged = connection_->damaged,
          .renamed = connection_->renamed,
          .renamed_is_damaged = connection_->renamed_is_damaged,
          .reserved = connection_->reserved};
}

}  // namespace sidelight::state
