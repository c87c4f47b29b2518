// Database: what must survive a restart and is no sample, in one SQLite file that people can open
// (`sqlite3 sidelight.db`).
//
//   Database db = Database::Open({.folder = "/var/lib/sidelight", .schemas = {{"alerts", 1, "CREATE TABLE
//   ..."}}}); db.Transact([&] { return db.Execute("DELETE FROM alerts WHERE rule = ?", {rule}); });
//   db.Query("SELECT labels FROM alerts", {}, [&](const Row& row) { ... row.Text(0) ... });
//
// Opening never fails: a file that is corrupt, truncated or newer than this program is renamed to
// sidelight.db.set-aside-TIME and counted, and one that cannot be opened or written leaves a database in
// memory; health() says so. Writes that return are there after the end of the process (kill -9 included);
// a failure of power may take the last ones back and never corrupts the file.
//
// A database in memory that should be a file begins with what could still be read of the file, unless
// `copy_into_memory` is off.
//
// Each room declares its tables as a Schema with a version of its own. Belongs to one thread at a time;
// health() may be called from any. The only includer of sqlite3.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/clock.h"
#include "core/base/error.h"

namespace sidelight::state {

// The tables of one room. A file whose version of it is lower is brought up by `upgrades`: the statements
// that lead from version i + 1 to i + 2; version 1 is `create`.
struct Schema {
  std::string name;
  std::string create;
  std::vector<std::string> upgrades = {};

  int version() const { return 1 + static_cast<int>(upgrades.size()); }
};

// Bytes that are no text.
struct Blob {
  std::string_view bytes;
};

using Parameter = std::variant<std::nullptr_t, int64_t, double, std::string_view, Blob>;

// One row of an answer; valid during the callback.
class Row {
 public:
  virtual ~Row() = default;
  virtual bool IsNull(int column) const = 0;
  virtual int64_t Integer(int column) const = 0;
  virtual double Real(int column) const = 0;
  virtual std::string_view Text(int column) const = 0;
  virtual std::string_view Bytes(int column) const = 0;  // of a blob
};

struct Health {
  enum class Mode : uint8_t { kOff, kDurable, kMemory };  // kMemory: there should be a file and is none
  Mode mode = Mode::kOff;
  std::string problem;              // why kMemory; "" else
  uint64_t set_aside = 0;           // files that were renamed
  uint64_t errors = 0;              // statements that failed
  bool failing = false;             // the last statement that was to write did
  uint64_t damaged = 0;             // errors of those that say that the file is corrupt
  std::string renamed;              // the file that was set aside last; "": none
  bool renamed_is_damaged = false;  // and not just of another version or program
  bool reserved = false;            // the space of Options::reserve_bytes is kept
};

// Whether a transaction may use the space that is kept for a full disk: for those that only give back.
enum class Space : uint8_t { kOrdinary, kReserve };

class Database {
 public:
  struct Options {
    std::string folder;  // made when it is not there; "": in memory, and meant so
    std::string name = "sidelight.db";
    std::vector<Schema> schemas;
    const Clock* clock = nullptr;              // null: the machine's; for the names of files set aside
    uint64_t max_bytes = uint64_t{256} << 20;  // beyond it writes fail as on a full disk
    std::string holds = "the state";           // for the log: what is in it
    bool copy_into_memory = true;
    bool quiet = false;  // no line when it cannot be opened or written; health() says it
    // Of the disk, in a file beside it (sidelight.db.reserve), given up when a transaction with
    // Space::kReserve, or opening, would fail without; made again when there is space again. 0: none.
    uint64_t reserve_bytes = 0;
    bool is_damaged = false;  // the file that is there was found to be: it is set aside
  };
  static std::unique_ptr<Database> Open(Options options);
  // A file that was set aside, to see what can still be read of it: rows and tables may be missing, and any
  // query may fail; kUnavailable when it is no database at all.
  static Result<std::unique_ptr<Database>> OpenDamaged(const std::string& path);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Errors: kUnavailable with SQLite's sentence (disk full, I/O error, locked).
  Status Execute(std::string_view sql, std::span<const Parameter> parameters = {});
  Status Query(std::string_view sql, std::span<const Parameter> parameters,
               const std::function<void(const Row&)>& row);
  // All that `work` does, or nothing of it when it returns an error. With kReserve it may be called twice.
  Status Transact(const std::function<Status()>& work, Space space = Space::kOrdinary);

  Health health() const;

 private:
  struct Connection;
  explicit Database(std::unique_ptr<Connection> connection);
  const std::unique_ptr<Connection> connection_;
};

}  // namespace sidelight::state
