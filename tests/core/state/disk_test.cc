// Disks that do not take what we write.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>

#include "tests/core/state/folder.h"

namespace sidelight::state {
namespace {

constexpr uid_t kNobody = 65534;

// Root may write everywhere; this one may not.
class AsNobody {
 public:
  explicit AsNobody(const std::string& folder) : root_(geteuid() == 0) {
    if (!root_) return;
    std::filesystem::permissions(folder, std::filesystem::perms::all);
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (chown(entry.path().c_str(), kNobody, kNobody) != 0) std::abort();
    }
    if (seteuid(kNobody) != 0) std::abort();
  }
  ~AsNobody() {
    if (root_ && seteuid(0) != 0) std::abort();
  }

 private:
  const bool root_;
};

class ReadOnly {
 public:
  explicit ReadOnly(std::string folder) : folder_(std::move(folder)) {
    std::filesystem::permissions(folder_, kRead);
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      std::filesystem::permissions(entry.path(), kRead);
    }
  }
  ~ReadOnly() { std::filesystem::permissions(folder_, std::filesystem::perms::owner_all); }

 private:
  static constexpr auto kRead = std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec;
  const std::string folder_;
};

TEST(DiskTest, AFolderThatCannotBeMade) {
  const Folder folder;
  WriteBytes(folder.path() + "/file", "x");
  const auto database = OpenNotes(folder.path() + "/file/below");
  EXPECT_EQ(database->health().mode, Health::Mode::kMemory);
  EXPECT_NE(database->health().problem.find("/file"), std::string::npos) << database->health().problem;
  ASSERT_TRUE(Put(*database, "a", "1"));
  EXPECT_EQ(Notes(*database), "a=1");
}

TEST(DiskTest, AFolderInTheFilesPlace) {
  const Folder folder;
  std::filesystem::create_directory(folder.file());
  const auto database = OpenNotes(folder.path());
  EXPECT_EQ(database->health().mode, Health::Mode::kMemory);
  EXPECT_TRUE(Put(*database, "a", "1"));
  EXPECT_TRUE(std::filesystem::is_directory(folder.file())) << "it is not ours to rename";
}

TEST(DiskTest, AFolderThatCannotBeWritten) {
  const Folder folder;
  const std::string inner = folder.path() + "/inner";
  std::filesystem::create_directory(inner);
  const AsNobody nobody(folder.path());
  const ReadOnly readonly(inner);
  const auto database = OpenNotes(inner);
  EXPECT_EQ(database->health().mode, Health::Mode::kMemory);
  EXPECT_NE(database->health().problem.find("Permission denied"), std::string::npos)
      << database->health().problem;
  ASSERT_TRUE(Put(*database, "a", "1"));
  EXPECT_EQ(Notes(*database), "a=1");
}

TEST(DiskTest, WhatCanStillBeReadIsKnown) {
  const Folder folder;
  const std::string inner = folder.path() + "/inner";
  ASSERT_TRUE(Put(*OpenNotes(inner), "a", "1"));
  const AsNobody nobody(folder.path());
  const ReadOnly readonly(inner);
  const auto database = OpenNotes(inner);
  EXPECT_EQ(database->health().mode, Health::Mode::kMemory);
  EXPECT_EQ(Notes(*database), "a=1");
  ASSERT_TRUE(Put(*database, "b", "2"));
  EXPECT_EQ(Notes(*database), "a=1 b=2");
}

TEST(DiskTest, ACorruptFileThatCannotBeSetAside) {
  const Folder folder;
  const std::string inner = folder.path() + "/inner";
  std::filesystem::create_directory(inner);
  WriteBytes(inner + "/sidelight.db", std::string(5000, 'x'));
  WriteBytes(inner + "/sidelight.db.lock", "");
  const AsNobody nobody(folder.path());
  std::filesystem::permissions(inner,
                               std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  const auto database = OpenNotes(inner);
  EXPECT_EQ(database->health().mode, Health::Mode::kMemory);
  EXPECT_NE(database->health().problem.find("could not be set aside"), std::string::npos)
      << database->health().problem;
  EXPECT_TRUE(Put(*database, "a", "1"));
  std::filesystem::permissions(inner, std::filesystem::perms::owner_all);
}

TEST(DiskTest, FullLater) {
  const Folder folder;
  {
    const auto database =
        Database::Open({.folder = folder.path(), .schemas = {NotesSchema()}, .max_bytes = 64 << 10});
    ASSERT_EQ(database->health().mode, Health::Mode::kDurable);
    const std::string large(8 << 10, 'x');
    int written = 0;
    Status done;
    for (; written < 100; ++written) {
      done = Put(*database, "large" + std::to_string(written), large);
      if (!done) break;
    }
    ASSERT_FALSE(done);
    EXPECT_NE(done.error().message.find("full"), std::string::npos) << done.error().message;
    EXPECT_GT(written, 2);
    EXPECT_EQ(database->health().errors, 1U);
    EXPECT_TRUE(database->health().failing);
    EXPECT_EQ(database->health().mode, Health::Mode::kDurable);
    ASSERT_TRUE(database->Execute("DELETE FROM notes WHERE key <> 'large0'"));
    EXPECT_FALSE(database->health().failing);
  }
  const auto database = OpenNotes(folder.path());
  EXPECT_EQ(Notes(*database).substr(0, 8), "large0=x");
  EXPECT_EQ(database->health().set_aside, 0U);
}

TEST(DiskTest, NoFileMayGrow) {
  const Folder folder;
  struct rlimit before {};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto ignored = signal(SIGXFSZ, SIG_IGN);
  const struct rlimit none { 1000, before.rlim_max };
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &none), 0);
  const auto database = OpenNotes(folder.path());
  const Health health = database->health();
  const Status put = Put(*database, "a", "1");
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  signal(SIGXFSZ, ignored);
  EXPECT_EQ(health.mode, Health::Mode::kMemory);
  EXPECT_EQ(health.set_aside, 0U);
  EXPECT_TRUE(put);
}

// A file system of 128 KiB, when this process may make one.
class TinyDisk {
 public:
  explicit TinyDisk(const std::string& path) : path_(path) {
    std::filesystem::create_directory(path);
    mounted_ = mount("tmpfs", path.c_str(), "tmpfs", 0, "size=128k") == 0;
    error_ = errno;
  }
  ~TinyDisk() {
    if (mounted_) umount2(path_.c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }
  std::string error() const { return std::strerror(error_); }
  // Leaves no room, and gives it back.
  void Fill() const { WriteBytes(path_ + "/filler", std::string(256 << 10, 'x')); }
  void Free() const { std::filesystem::remove(path_ + "/filler"); }

 private:
  const std::string path_;
  bool mounted_ = false;
  int error_ = 0;
};

TEST(DiskTest, FullFromTheStart) {
  const Folder folder;
  const TinyDisk disk(folder.path() + "/disk");
  if (!disk.mounted()) GTEST_SKIP() << "no file system can be mounted here: " << disk.error();
  const std::string path = folder.path() + "/disk/state";
  disk.Fill();
  {
    const auto database = OpenNotes(path);
    EXPECT_EQ(database->health().mode, Health::Mode::kMemory);
    EXPECT_EQ(database->health().set_aside, 0U);
    EXPECT_TRUE(Put(*database, "a", "1"));
  }
  disk.Free();
  const auto database = OpenNotes(path);
  EXPECT_EQ(database->health().mode, Health::Mode::kDurable) << database->health().problem;
  EXPECT_EQ(database->health().set_aside, 0U);
  ASSERT_TRUE(Put(*database, "b", "2"));
  disk.Fill();
  int failed = 0;
  for (int i = 0; i < 100; ++i) failed += Put(*database, "more" + std::to_string(i), "x").has_value() ? 0 : 1;
  EXPECT_GT(failed, 0);
  EXPECT_TRUE(database->health().failing);
  disk.Free();
  EXPECT_TRUE(Put(*database, "c", "3"));
  EXPECT_FALSE(database->health().failing);
}

TEST(DiskTest, FullAtTheNextStart) {
  const Folder folder;
  const TinyDisk disk(folder.path() + "/disk");
  if (!disk.mounted()) GTEST_SKIP() << "no file system can be mounted here: " << disk.error();
  const std::string path = folder.path() + "/disk/state";
  ASSERT_TRUE(Put(*OpenNotes(path), "a", "1"));
  disk.Fill();
  const auto database = OpenNotes(path);
  EXPECT_EQ(Notes(*database), "a=1") << "what was firing must not be forgotten: "
                                     << database->health().problem;
  EXPECT_EQ(database->health().set_aside, 0U);
}

TEST(DiskTest, TheReserveIsForGivingBack) {
  const Folder folder;
  const TinyDisk disk(folder.path() + "/disk");
  if (!disk.mounted()) GTEST_SKIP() << "no file system can be mounted here: " << disk.error();
  const std::string path = folder.path() + "/disk/state";
  const auto open = [&] {
    return Database::Open({.folder = path, .schemas = {NotesSchema()}, .reserve_bytes = 48 << 10});
  };
  ASSERT_TRUE(Put(*open(), "a", "1"));
  disk.Fill();
  const auto database = open();
  ASSERT_EQ(database->health().mode, Health::Mode::kDurable) << "it takes the reserve to open";
  EXPECT_FALSE(database->health().reserved);
  const auto put = [&] { return Put(*database, "b", std::string(100'000, 'x')); };
  EXPECT_FALSE(database->Transact(put));
  const auto remove = [&] { return database->Execute("DELETE FROM notes"); };
  EXPECT_TRUE(database->Transact(remove, Space::kReserve));
  EXPECT_EQ(Notes(*database), "");
}

}  // namespace
}  // namespace sidelight::state
