#include "src/app/file_watcher.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "src/config/rule_files.h"
#include "tests/support/fake_clock.h"

namespace sidelight::app {
namespace {

namespace fs = std::filesystem;

class FileWatcherTest : public testing::Test {
 protected:
  FileWatcherTest()
      : loop_(*net::EventLoop::Open(clock_)), watcher_(std::in_place, *loop_, [this] { ++changes_; }) {
    std::string name = (fs::temp_directory_path() / "sidelight-watch-XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~FileWatcherTest() override {
    watcher_.reset();
    fs::remove_all(folder_);
  }

  // A file never keeps its stamp from one test step to the next: the time of its last change is set.
  void Write(const std::string& name, const std::string& text) {
    const fs::path path = folder_ / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
    fs::last_write_time(path, fs::file_time_type(std::chrono::seconds(++writes_)));
  }
  void Watch(const std::string& pattern) {
    watcher_->Watch({config::ResolvePattern(pattern, folder_.string())});
  }

  // How many changes are told in that many looks.
  int ChangesIn(int looks) {
    const int before = changes_;
    for (int i = 0; i < looks; ++i) watcher_->Look();
    return changes_ - before;
  }

  FakeClock clock_;
  std::unique_ptr<net::EventLoop> loop_;
  fs::path folder_;
  int writes_ = 0;
  int changes_ = 0;
  std::optional<FileWatcher> watcher_;
};

TEST_F(FileWatcherTest, TellsAChangeOnceWhenItIsOver) {
  Write("rules/a.yaml", "groups: []");
  Watch("rules/*.yaml");
  EXPECT_EQ(ChangesIn(3), 0);
  Write("rules/a.yaml", "groups: [");
  EXPECT_EQ(ChangesIn(1), 0) << "somebody may still be writing";
  Write("rules/a.yaml", "groups: [] ");
  EXPECT_EQ(ChangesIn(1), 0);
  EXPECT_EQ(ChangesIn(1), 1);
  EXPECT_EQ(ChangesIn(3), 0);
}

TEST_F(FileWatcherTest, SeesFilesComeAndGo) {
  Watch("rules/*.yaml");
  EXPECT_EQ(ChangesIn(3), 0);
  Write("rules/a.yaml", "groups: []");
  EXPECT_EQ(ChangesIn(3), 1);
  Write("rules/b.yaml", "groups: []");
  Write("rules/ignored.txt", "text");
  EXPECT_EQ(ChangesIn(3), 1);
  fs::remove(folder_ / "rules/a.yaml");
  EXPECT_EQ(ChangesIn(3), 1);
}

TEST_F(FileWatcherTest, WhatCameAndWentBetweenTwoLooksIsNoChange) {
  Write("a.yaml", "1");
  Watch("*.yaml");
  Write("b.yaml", "1");
  EXPECT_EQ(ChangesIn(1), 0);
  fs::remove(folder_ / "b.yaml");
  EXPECT_EQ(ChangesIn(3), 0);
}

// Kubernetes: mount/a.yaml -> ..data/a.yaml, ..data -> ..1; then ..data is exchanged for a link to ..2.
TEST_F(FileWatcherTest, SeesAConfigMapSwap) {
  Write("..1/a.yaml", "same size");
  Write("..2/a.yaml", "same size");
  for (const char* const version : {"..1", "..2"}) {
    fs::last_write_time(folder_ / version / "a.yaml", fs::file_time_type(std::chrono::seconds(1)));
  }
  fs::create_directory_symlink("..1", folder_ / "..data");
  fs::create_symlink("..data/a.yaml", folder_ / "a.yaml");
  Watch("a.yaml");
  EXPECT_EQ(ChangesIn(3), 0);
  fs::create_directory_symlink("..2", folder_ / "..data_tmp");
  fs::rename(folder_ / "..data_tmp", folder_ / "..data");
  EXPECT_EQ(ChangesIn(3), 1);
}

TEST_F(FileWatcherTest, WhatIsReadAnywayIsNotToldAgain) {
  Write("a.yaml", "1");
  Watch("a.yaml");
  Write("a.yaml", "12");
  watcher_->AboutToRead();
  EXPECT_EQ(ChangesIn(3), 0);
  Write("a.yaml", "123");
  EXPECT_EQ(ChangesIn(1), 0);
  watcher_->AboutToRead();
  EXPECT_EQ(ChangesIn(3), 0);
}

TEST_F(FileWatcherTest, NewPatternsAreKnownAndOldOnesKeepTheirChange) {
  Write("a.yaml", "1");
  Write("b.yaml", "1");
  Watch("a.yaml");
  Write("a.yaml", "12");
  watcher_->Watch({config::ResolvePattern("a.yaml", folder_.string()),
                   config::ResolvePattern("b.yaml", folder_.string())});
  EXPECT_EQ(ChangesIn(3), 1) << "a.yaml has changed, though b.yaml has not";
  Watch("b.yaml");
  Write("a.yaml", "123");
  EXPECT_EQ(ChangesIn(3), 0) << "a.yaml is not watched any more";
}

TEST_F(FileWatcherTest, LooksOnceASecond) {
  Write("a.yaml", "1");
  Watch("a.yaml");
  Write("a.yaml", "12");
  for (int i = 0; i < 4; ++i) {
    clock_.Advance(std::chrono::milliseconds(500));
    loop_->RunOnce(Duration::zero());
    EXPECT_EQ(changes_, i < 3 ? 0 : 1) << "after " << i + 1 << " half seconds";
  }
}

}  // namespace
}  // namespace sidelight::app
