// What a sound database does.
#include "core/state/database.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <limits>
#include <string>

#include "tests/core/state/folder.h"

namespace sidelight::state {
namespace {

mode_t ModeOf(const std::string& path) {
  struct stat about {};
  return stat(path.c_str(), &about) == 0 ? about.st_mode & 0777 : 0;
}

TEST(DatabaseTest, KeepsWhatItWasTold) {
  const Folder folder;
  {
    const auto database = OpenNotes(folder.path());
    EXPECT_EQ(database->health().mode, Health::Mode::kDurable);
    ASSERT_TRUE(Put(*database, "a", "1"));
    ASSERT_TRUE(Put(*database, "b", "2"));
    ASSERT_TRUE(Put(*database, "a", "3"));
  }
  const auto database = OpenNotes(folder.path());
  EXPECT_EQ(Notes(*database), "a=3 b=2");
  EXPECT_EQ(database->health().set_aside, 0U);
  EXPECT_EQ(database->health().errors, 0U);
}

TEST(DatabaseTest, IsForItsOwnerOnly) {
  const Folder folder;
  const std::string inner = folder.path() + "/of/sidelight";
  const auto database = OpenNotes(inner);
  ASSERT_TRUE(Put(*database, "a", "1"));
  EXPECT_EQ(ModeOf(inner), 0700U);
  for (const char* part : {"", "-wal", "-shm", ".lock"}) {
    EXPECT_EQ(ModeOf(inner + "/sidelight.db" + part), 0600U) << part;
  }
}

TEST(DatabaseTest, WithoutAFolderItIsInMemoryAndMeantSo) {
  const auto database = OpenNotes("");
  EXPECT_EQ(database->health().mode, Health::Mode::kOff);
  ASSERT_TRUE(Put(*database, "a", "1"));
  EXPECT_EQ(Notes(*database), "a=1");
}

TEST(DatabaseTest, EveryKindOfValueComesBack) {
  const auto database = Database::Open(
      {.schemas = {{.name = "v", .create = "CREATE TABLE v (i INTEGER, r REAL, t TEXT, n TEXT) STRICT"}}});
  const std::string text("with a \0 in it, and ü", 22);
  const Parameter parameters[] = {std::numeric_limits<int64_t>::min(),
                                  -std::numeric_limits<double>::infinity(), std::string_view(text), nullptr};
  ASSERT_TRUE(database->Execute("INSERT INTO v VALUES (?, ?, ?, ?)", parameters));
  const Parameter empty[] = {int64_t{0}, 0.5, std::string_view(), std::string_view("")};
  ASSERT_TRUE(database->Execute("INSERT INTO v VALUES (?, ?, ?, ?)", empty));
  int rows = 0;
  ASSERT_TRUE(database->Query("SELECT i, r, t, n FROM v ORDER BY rowid", {}, [&](const Row& row) {
    if (rows++ == 0) {
      EXPECT_EQ(row.Integer(0), std::numeric_limits<int64_t>::min());
      EXPECT_EQ(row.Real(1), -std::numeric_limits<double>::infinity());
      EXPECT_EQ(row.Text(2), text);
      EXPECT_TRUE(row.IsNull(3));
    } else {
      EXPECT_FALSE(row.IsNull(2)) << "an empty text is not NULL";
      EXPECT_EQ(row.Text(2), "");
    }
  }));
  EXPECT_EQ(rows, 2);
}

TEST(DatabaseTest, ATransactionIsWholeOrNothing) {
  const Folder folder;
  const auto database = OpenNotes(folder.path());
  ASSERT_TRUE(Put(*database, "a", "1"));
  const Status refused = database->Transact([&]() -> Status {
    EXPECT_TRUE(Put(*database, "a", "2"));
    EXPECT_TRUE(Put(*database, "b", "2"));
    return Fail(ErrorCode::kInvalidArgument, "the caller thinks better of it");
  });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "the caller thinks better of it");
  EXPECT_EQ(Notes(*database), "a=1");
  EXPECT_EQ(database->health().errors, 0U);
  ASSERT_TRUE(database->Transact([&] { return Put(*database, "b", "2"); }));
  EXPECT_EQ(Notes(*database), "a=1 b=2");
}

TEST(DatabaseTest, WhatFailsIsAnErrorAndCounted) {
  const Folder folder;
  const auto database = OpenNotes(folder.path());
  const Parameter one[] = {std::string_view("a")};
  const Parameter no_text[] = {std::string_view("a"), nullptr};
  const struct {
    std::string sql;
    std::span<const Parameter> parameters;
  } wrong[] = {{"SELECT nothing FROM nowhere", {}},
               {"", {}},
               {"INSERT INTO notes VALUES (?, ?)", one},
               {"INSERT INTO notes VALUES (?, ?)", no_text}};
  uint64_t errors = 0;
  for (const auto& [sql, parameters] : wrong) {
    const Status done = database->Execute(sql, parameters);
    ASSERT_FALSE(done) << sql;
    EXPECT_EQ(done.error().code, ErrorCode::kUnavailable) << sql;
    EXPECT_EQ(database->health().errors, ++errors) << sql;
    EXPECT_TRUE(database->health().failing) << sql;
  }
  EXPECT_FALSE(
      database->Transact([&] { return database->Execute("INSERT INTO notes VALUES (?, ?)", no_text); }));
  EXPECT_EQ(database->health().errors, ++errors);
  EXPECT_FALSE(database->Transact([&] { return database->Transact([] { return Status(); }); }));
  ASSERT_TRUE(Put(*database, "a", "1"));
  EXPECT_FALSE(database->health().failing);
  EXPECT_EQ(Notes(*database), "a=1");
}

TEST(DatabaseTest, ManyStatementsAndOnesWithinRows) {
  const auto database = OpenNotes("");
  for (int i = 0; i < 100; ++i) {
    const std::string key = std::to_string(1000 + i);
    ASSERT_TRUE(database->Execute("INSERT INTO notes VALUES ('" + key + "', 'x')"));
  }
  int rows = 0;
  ASSERT_TRUE(database->Query("SELECT key FROM notes", {}, [&](const Row& row) {
    ++rows;
    const std::string key(row.Text(0));
    EXPECT_TRUE(database->Query("SELECT value FROM notes WHERE key = '" + key + "'", {}, [](const Row&) {}));
  }));
  EXPECT_EQ(rows, 100);
}

TEST(DatabaseTest, SomebodyElsesLookIsNotInItsWay) {
  const Folder folder;
  const auto database = OpenNotes(folder.path());
  ASSERT_TRUE(Put(*database, "a", "1"));
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open_v2(folder.file().c_str(), &other, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
  std::string seen;
  const auto see = [](void* to, int, char** values, char**) {
    *static_cast<std::string*>(to) = values[0];
    return 0;
  };
  ASSERT_EQ(sqlite3_exec(other, "BEGIN; SELECT value FROM notes", see, &seen, nullptr), SQLITE_OK);
  EXPECT_EQ(seen, "1");
  EXPECT_TRUE(Put(*database, "a", "2")) << "while the other one is still reading";
  sqlite3_close(other);
}

TEST(DatabaseTest, AnotherProcessHasIt) {
  const Folder folder;
  const auto first = OpenNotes(folder.path());
  ASSERT_TRUE(Put(*first, "a", "1"));
  const auto second = OpenNotes(folder.path());
  EXPECT_EQ(second->health().mode, Health::Mode::kMemory);
  EXPECT_NE(second->health().problem.find("in use by another process"), std::string::npos)
      << second->health().problem;
  EXPECT_EQ(Notes(*second), "a=1") << "it begins with what the first one knew";
  ASSERT_TRUE(Put(*second, "a", "2"));
  EXPECT_EQ(Notes(*first), "a=1");
  EXPECT_EQ(second->health().set_aside, 0U);
}

TEST(DatabaseTest, BytesThatAreNoText) {
  const Folder folder;
  const auto database = Database::Open(
      {.folder = folder.path(),
       .schemas = {{.name = "blobs",
                    .create = "CREATE TABLE blobs (id INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT"}}});
  for (const std::string& bytes : {std::string(), std::string("a\0b\xff", 4), std::string(100'000, '\0')}) {
    const Parameter parameters[] = {Blob{bytes}};
    ASSERT_TRUE(database->Execute("INSERT OR REPLACE INTO blobs (id, body) VALUES (1, ?)", parameters));
    ASSERT_TRUE(database->Query("SELECT body, typeof(body) FROM blobs", {}, [&](const Row& row) {
      EXPECT_TRUE(row.Bytes(0) == bytes) << bytes.size();
      EXPECT_EQ(row.Text(1), "blob");
    }));
  }
}

}  // namespace
}  // namespace sidelight::state
