// DatabaseFile: the file of a database in its folder, and those that belong to it (-wal, -shm).
//
//   sidelight.db                                       the database
//   sidelight.db.lock                                  held by the process that uses it
//   sidelight.db.reserve                               space that is kept for a full disk
//   sidelight.db.set-aside-2026-11-21T06:25:50.123Z    one that could not be used
//
// The lock is ours: SQLite's own would shut out people who look into the file. Internal to core/state.
#pragma once

#include <optional>
#include <string>

#include "core/base/clock.h"
#include "core/base/error.h"

namespace sidelight::state {

class DatabaseFile {
 public:
  DatabaseFile(std::string folder, const std::string& name);
  ~DatabaseFile();
  DatabaseFile(const DatabaseFile&) = delete;
  DatabaseFile& operator=(const DatabaseFile&) = delete;

  // Makes the folder (for the owner only), takes the lock until the end of this object, and makes the file
  // (for the owner only) when it is not there. Errors: kUnavailable when another process has it, else
  // kInternal.
  Status Prepare();
  // Why the file cannot be what we have written, from its first bytes; nothing when it can be.
  Result<std::optional<std::string>> Damage() const;
  Result<uint64_t> Size() const;
  // Renames it with all that belongs to it and makes a new, empty one; returns the new name.
  Result<std::string> SetAside(UnixMillis now);
  // There are transactions that stand only in the log beside it.
  bool HasLog() const;

  // Keeps so much of the disk; false when it has not got as much.
  bool Reserve(uint64_t bytes) const;
  // Gives that up; false when nothing was kept.
  bool Release() const;

  const std::string& path() const { return path_; }

 private:
  Status MakeFolder() const;
  Status MakeFile() const;

  const std::string folder_;
  const std::string path_;
  int lock_ = -1;
};

}  // namespace sidelight::state
