// What the tests of core/state share: a folder of a test's own, a table, and a look from outside.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "core/state/database.h"

namespace sidelight::state {

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "state-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }
  std::string file() const { return path_ + "/sidelight.db"; }
  // Names of files that were set aside, without what belongs to them.
  std::vector<std::string> SetAside() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      const std::string name = entry.path().filename();
      if (name.starts_with("sidelight.db.set-aside-") && !name.ends_with("-wal") && !name.ends_with("-shm")) {
        names.push_back(name);
      }
    }
    return names;
  }

 private:
  std::string path_;
};

inline const Schema& NotesSchema() {
  static const Schema schema{
      .name = "notes",
      .create =
          "CREATE TABLE notes (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID"};
  return schema;
}

inline std::unique_ptr<Database> OpenNotes(const std::string& folder) {
  return Database::Open({.folder = folder, .schemas = {NotesSchema()}});
}

inline Status Put(Database& database, std::string_view key, std::string_view value) {
  const Parameter parameters[] = {key, value};
  return database.Execute("INSERT OR REPLACE INTO notes (key, value) VALUES (?, ?)", parameters);
}

// "key=value key=value", by key; "error: ..." when it cannot be read.
inline std::string Notes(Database& database) {
  std::string all;
  const Status done = database.Query("SELECT key, value FROM notes ORDER BY key", {}, [&](const Row& row) {
    if (!all.empty()) all += ' ';
    all.append(row.Text(0)).append("=").append(row.Text(1));
  });
  return done ? all : "error: " + done.error().message;
}

inline std::string ReadBytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

inline void WriteBytes(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace sidelight::state
