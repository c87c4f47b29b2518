// Files that a disk has spoilt: whatever the bytes are, the database opens, and answers.
#include <gtest/gtest.h>

#include <filesystem>
#include <random>
#include <string>

#include "tests/core/state/folder.h"

namespace sidelight::state {
namespace {

constexpr int kRounds = 150;
constexpr int kNotes = 400;

// A file of some dozen pages; with `log`, the last transactions stand only beside it.
void MakeFile(const std::string& folder, const std::string& copy, bool log) {
  const auto database = OpenNotes(folder);
  const Status done = database->Transact([&]() -> Status {
    for (int i = 0; i < kNotes; ++i) {
      Status put = Put(*database, "key" + std::to_string(i), std::string(static_cast<size_t>(i % 300), 'v'));
      if (!put) return put;
    }
    return {};
  });
  ASSERT_TRUE(done);
  if (log) std::filesystem::copy(folder, copy, std::filesystem::copy_options::recursive);
}

void OpenDamaged(const std::string& folder, uint64_t* set_aside) {
  const auto database = OpenNotes(folder);
  const Health health = database->health();
  EXPECT_EQ(health.mode, Health::Mode::kDurable) << health.problem;
  *set_aside += health.set_aside;
  // What was not noticed at the start may still fail, but as a value; a fresh one works.
  const std::string notes = Notes(*database);
  const bool put = Put(*database, "new", "1").has_value();
  if (health.set_aside != 0) {
    EXPECT_EQ(notes, "");
    EXPECT_TRUE(put);
  }
}

TEST(DamageTest, BytesAtRandomPlaces) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (const bool log : {false, true}) {
    const Folder folder;
    const std::string original = folder.path() + "/original";
    const std::string copy = folder.path() + "/copy";
    MakeFile(original, copy, log);
    const std::string source = log ? copy : original;
    uint64_t set_aside = 0;
    for (int i = 0; i < kRounds; ++i) {
      const std::string target = folder.path() + "/target";
      std::filesystem::copy(source, target, std::filesystem::copy_options::recursive);
      const std::string file = target + "/sidelight.db" + (log && i % 2 == 0 ? "-wal" : "");
      std::string bytes = ReadBytes(file);
      ASSERT_FALSE(bytes.empty());
      const size_t from = i % 3 == 0 ? random() % 100 : random() % bytes.size();
      const size_t count = 1 + random() % (i % 2 == 0 ? 4 : 2000);
      for (size_t k = from; k < std::min(bytes.size(), from + count); ++k)
        bytes[k] = static_cast<char>(random());
      WriteBytes(file, bytes);
      SCOPED_TRACE("round " + std::to_string(i) + ", from " + std::to_string(from) + ", " +
                   std::to_string(count) + " bytes" + (log ? ", with a log" : ""));
      OpenDamaged(target, &set_aside);
      if (HasFailure()) return;
      std::filesystem::remove_all(target);
    }
    if (!log) {
      EXPECT_GT(set_aside, 0U);
    }
  }
}

TEST(DamageTest, CutAtEveryPlace) {
  const Folder folder;
  const std::string original = folder.path() + "/original";
  MakeFile(original, "", false);
  const std::string bytes = ReadBytes(original + "/sidelight.db");
  for (size_t size = 1; size < bytes.size(); size += size < 200 ? 33 : 1021) {
    const std::string target = folder.path() + "/target";
    std::filesystem::create_directory(target);
    WriteBytes(target + "/sidelight.db", bytes.substr(0, size));
    SCOPED_TRACE(std::to_string(size) + " of " + std::to_string(bytes.size()) + " bytes");
    uint64_t set_aside = 0;
    OpenDamaged(target, &set_aside);
    EXPECT_EQ(set_aside, 1U);
    if (HasFailure()) return;
    std::filesystem::remove_all(target);
  }
}

TEST(DamageTest, CutToNothingBesideALog) {
  const Folder folder;
  const std::string copy = folder.path() + "/copy";
  MakeFile(folder.path() + "/original", copy, true);
  WriteBytes(copy + "/sidelight.db", "");
  uint64_t set_aside = 0;
  OpenDamaged(copy, &set_aside);
  EXPECT_EQ(set_aside, 1U);
}

TEST(DamageTest, WhatCanBeReadOfACutFile) {
  const Folder folder;
  const std::string original = folder.path() + "/original";
  MakeFile(original, "", false);
  const std::string bytes = ReadBytes(original + "/sidelight.db");
  WriteBytes(original + "/sidelight.db", bytes.substr(0, bytes.size() * 3 / 4));
  const auto fresh = OpenNotes(original);
  const Health health = fresh->health();
  ASSERT_EQ(health.set_aside, 1U);
  EXPECT_TRUE(health.renamed_is_damaged);
  const auto damaged = Database::OpenDamaged(health.renamed);
  ASSERT_TRUE(damaged) << damaged.error().message;
  int rows = 0;
  EXPECT_FALSE((*damaged)->Query("SELECT key FROM notes ORDER BY key", {}, [&](const Row&) { ++rows; }));
  EXPECT_GT(rows, kNotes / 4);
  EXPECT_LT(rows, kNotes);
  EXPECT_EQ((*damaged)->health().damaged, 1U);
}

TEST(DamageTest, FoundLater) {
  const Folder folder;
  ASSERT_TRUE(Put(*OpenNotes(folder.path()), "a", "1"));
  const auto database =
      Database::Open({.folder = folder.path(), .schemas = {NotesSchema()}, .is_damaged = true});
  EXPECT_EQ(database->health().set_aside, 1U);
  EXPECT_EQ(Notes(*database), "");
  EXPECT_EQ(folder.SetAside().size(), 1U);
  const auto damaged = Database::OpenDamaged(database->health().renamed);
  ASSERT_TRUE(damaged) << damaged.error().message;
  EXPECT_EQ(Notes(**damaged), "a=1");
}

}  // namespace
}  // namespace sidelight::state
