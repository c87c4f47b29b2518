// Versions of tables, and files that are not what they should be.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <string>
#include <vector>

#include "core/state/database.h"
#include "tests/core/state/folder.h"
#include "tests/support/fake_clock.h"

namespace sidelight::state {
namespace {

void RunOutside(const std::string& file, const std::string& sql) {
  sqlite3* connection = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &connection), SQLITE_OK);
  char* error = nullptr;
  EXPECT_EQ(sqlite3_exec(connection, sql.c_str(), nullptr, nullptr, &error), SQLITE_OK)
      << sql << ": " << (error == nullptr ? "" : error);
  sqlite3_free(error);
  sqlite3_close(connection);
}

TEST(SchemaTest, AnOlderVersionIsBroughtUpStepByStep) {
  const Folder folder;
  Schema schema = NotesSchema();
  ASSERT_TRUE(Put(*OpenNotes(folder.path()), "a", "1"));
  schema.upgrades = {"ALTER TABLE notes ADD COLUMN colour TEXT NOT NULL DEFAULT 'red'",
                     "CREATE TABLE more (x INTEGER) STRICT; INSERT INTO more VALUES (7)"};
  EXPECT_EQ(schema.version(), 3);
  for (int i = 0; i < 2; ++i) {
    const auto database = Database::Open({.folder = folder.path(), .schemas = {schema}});
    EXPECT_EQ(database->health().mode, Health::Mode::kDurable);
    EXPECT_EQ(database->health().set_aside, 0U);
    EXPECT_EQ(Notes(*database), "a=1");
    std::string seen;
    ASSERT_TRUE(database->Query("SELECT colour, x FROM notes, more", {}, [&](const Row& row) {
      seen += std::string(row.Text(0)) + std::to_string(row.Integer(1));
    }));
    EXPECT_EQ(seen, "red7");
  }
}

TEST(SchemaTest, RoomsHaveVersionsOfTheirOwn) {
  const Folder folder;
  ASSERT_TRUE(Put(*OpenNotes(folder.path()), "a", "1"));
  const Schema other{.name = "other", .create = "CREATE TABLE other (x INTEGER) STRICT"};
  for (const std::vector<Schema>& schemas :
       {std::vector<Schema>{NotesSchema(), other}, {NotesSchema()}, {other, NotesSchema()}}) {
    const auto database = Database::Open({.folder = folder.path(), .schemas = schemas});
    EXPECT_EQ(database->health().set_aside, 0U) << schemas.size();
    EXPECT_EQ(Notes(*database), "a=1");
  }
}

TEST(SchemaTest, AFileThatCannotBeOursIsSetAside) {
  const struct {
    const char* what;
    std::string sql;    // on a sound file; "": on none
    std::string bytes;  // the whole file, when there is no SQL
    bool wanted_aside = true;
    bool wanted_damaged = true;  // and not just of another version or program
  } cases[] = {
      {"newer", "UPDATE schema_versions SET version = 2", "", true, false},
      {"no version", "UPDATE schema_versions SET version = 0", ""},
      {"a version below", "UPDATE schema_versions SET version = -5", ""},
      {"no table of versions", "DROP TABLE schema_versions", ""},
      {"another program's",
       "DROP TABLE notes; DROP TABLE schema_versions; CREATE TABLE theirs (x); PRAGMA application_id = 1", "",
       true, false},
      {"its mark is another's", "PRAGMA application_id = 1", ""},
      {"its mark is gone", "PRAGMA application_id = 0", ""},
      {"the version's row is another's", "UPDATE schema_versions SET room = 'nptes'", ""},
      {"the table is gone", "DROP TABLE notes", ""},
      {"a column is gone", "ALTER TABLE notes DROP COLUMN value", ""},
      {"another type",
       "DROP TABLE notes; CREATE TABLE notes (key TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) "
       "STRICT, WITHOUT ROWID",
       ""},
      {"not strict",
       "DROP TABLE notes; CREATE TABLE notes (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) "
       "WITHOUT ROWID",
       ""},
      {"a view in its place", "DROP TABLE notes; CREATE VIEW notes AS SELECT 'a' AS key, 'b' AS value", ""},
      {"the version's row is gone", "DELETE FROM schema_versions", ""},
      {"an index of somebody's", "CREATE INDEX byvalue ON notes (value)", "", false},
      {"a table of somebody's", "CREATE TABLE mine (x)", "", false},
      {"an older journal", "PRAGMA journal_mode = DELETE", "", false},
      {"text", "",
       "this is not a database, and it is longer than a header would be: " + std::string(100, 'x')},
      {"one byte", "", "S"},
      {"a header and no more", "", std::string("SQLite format 3\0", 16) + std::string(84, '\0')},
      {"zeros", "", std::string(8192, '\0')},
      {"nothing", "", "", false},
  };
  for (const auto& [what, sql, bytes, wanted_aside, wanted_damaged] : cases) {
    SCOPED_TRACE(what);
    const Folder folder;
    ASSERT_TRUE(Put(*OpenNotes(folder.path()), "a", "1"));
    if (sql.empty()) {
      WriteBytes(folder.file(), bytes);
    } else {
      RunOutside(folder.file(), sql);
    }
    const std::string before = ReadBytes(folder.file());
    {
      const auto database = OpenNotes(folder.path());
      EXPECT_EQ(database->health().mode, Health::Mode::kDurable) << database->health().problem;
      EXPECT_EQ(database->health().set_aside, wanted_aside ? 1U : 0U);
      EXPECT_EQ(database->health().renamed_is_damaged, wanted_aside && wanted_damaged);
      EXPECT_EQ(Notes(*database), wanted_aside || sql.empty() ? "" : "a=1");
      ASSERT_TRUE(Put(*database, "b", "2"));
    }
    const auto aside = folder.SetAside();
    ASSERT_EQ(aside.size(), wanted_aside ? 1U : 0U);
    if (wanted_aside) {
      EXPECT_EQ(ReadBytes(folder.path() + "/" + aside[0]).size(), before.size());
    }
    const auto again = OpenNotes(folder.path());
    EXPECT_EQ(again->health().set_aside, 0U) << "the new one is sound";
    EXPECT_NE(Notes(*again).find("b=2"), std::string::npos);
  }
}

TEST(SchemaTest, ATriggerOfSomebodysDoesNotRun) {
  const Folder folder;
  ASSERT_TRUE(Put(*OpenNotes(folder.path()), "a", "1"));
  RunOutside(folder.file(), "CREATE TRIGGER t AFTER INSERT ON notes BEGIN DELETE FROM notes; END");
  const auto database = OpenNotes(folder.path());
  ASSERT_TRUE(Put(*database, "b", "2"));
  EXPECT_EQ(Notes(*database), "a=1 b=2");
}

TEST(SchemaTest, TheNameSaysWhenAndIsNeverGivenTwice) {
  const Folder folder;
  const FakeClock clock(1'795'242'350'123);  // and it begins at its first second
  for (int i = 0; i < 3; ++i) {
    WriteBytes(folder.file(), "wrong " + std::to_string(i));
    WriteBytes(folder.file() + "-wal", "its log");
    const auto database =
        Database::Open({.folder = folder.path(), .schemas = {NotesSchema()}, .clock = &clock});
    EXPECT_EQ(database->health().set_aside, 1U);
  }
  const std::string name = folder.file() + ".set-aside-2026-11-21T06:25:51.123Z";
  EXPECT_EQ(ReadBytes(name), "wrong 0");
  EXPECT_EQ(ReadBytes(name + "-wal"), "its log");
  EXPECT_EQ(ReadBytes(name + "-2"), "wrong 1");
  EXPECT_EQ(ReadBytes(name + "-3"), "wrong 2");
}

}  // namespace
}  // namespace sidelight::state
