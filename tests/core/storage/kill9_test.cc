// kill -9 at random moments under load: after each start anew, every sample that was committed is there and
// is what it was, and there is none that was not written.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <thread>

#include "core/storage/store.h"
#include "tests/core/storage/endless_writer.h"
#include "tests/core/storage/store_reading.h"

extern char** environ;

namespace sidelight::storage {
namespace {

constexpr int kKills = 100;
constexpr int kKillsOfAFolder = 10;

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "kill9-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Runs the writer until it has made a commit and `for_how_long` has passed, kills it, and returns the last
// commit that it told of; -1 when there was none.
int64_t WriteAndKill(const std::string& folder, std::chrono::microseconds for_how_long) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return -1;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  std::string program = ENDLESS_WRITER;
  std::string argument = folder;
  char* const argv[] = {program.data(), argument.data(), nullptr};
  pid_t writer = -1;
  const int error = posix_spawn(&writer, program.c_str(), &actions, nullptr, argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  if (error != 0) {
    close(ends[0]);
    return -1;
  }
  // A thread kills it while this one reads what it tells, so that its pipe never fills.
  std::string told;
  char bytes[65536];
  ssize_t n = read(ends[0], bytes, sizeof(bytes));
  std::thread killer([&] {
    std::this_thread::sleep_for(for_how_long);
    kill(writer, SIGKILL);
  });
  for (; n > 0 || (n < 0 && errno == EINTR); n = read(ends[0], bytes, sizeof(bytes))) {
    if (n > 0) told.append(bytes, static_cast<size_t>(n));
    if (told.size() > 1024) told.erase(0, told.size() - 1024);
  }
  killer.join();
  close(ends[0]);
  waitpid(writer, nullptr, 0);
  const size_t last = told.rfind('\n');
  if (last == std::string::npos) return -1;
  const size_t before = last == 0 ? std::string::npos : told.rfind('\n', last - 1);
  const size_t begin = before == std::string::npos ? 0 : before + 1;
  return std::stoll(told.substr(begin, last - begin));
}

// Checks everything and returns how many commits there are.
int64_t CheckAll(const std::string& folder) {
  auto store = Store::Open({.path = folder, .first_zero = false});
  EXPECT_TRUE(store.has_value());
  const StoreStats stats = (*store)->Stats();
  EXPECT_EQ(stats.log_set_aside, 0U);
  EXPECT_EQ(stats.log_errors, 0U);
  const auto all = ReadStore(**store);
  EXPECT_EQ(all.size(), size_t{kWriterSeries} + 1);
  int64_t commits = -1;
  for (int i = 0; i < kWriterSeries; ++i) {
    const auto at = all.find(WriterLabels(i));
    if (at == all.end()) {
      ADD_FAILURE() << "series " << i << " is missing";
      return -1;
    }
    const Samples& samples = at->second;
    if (commits < 0) commits = static_cast<int64_t>(samples.times.size());
    EXPECT_EQ(static_cast<int64_t>(samples.times.size()), commits)
        << "series " << i << ": a commit is not whole";
    for (size_t k = 0; k < samples.times.size(); ++k) {
      const auto commit = static_cast<int64_t>(k);
      const UnixMillis start = samples.starts.empty() ? 0 : samples.starts[k];
      if (samples.times[k] != commit * kWriterStep || samples.values[k] != WriterValue(i, commit) ||
          start != WriterStart(i, commit)) {
        ADD_FAILURE() << "series " << i << ", commit " << commit << ": got " << samples.values[k] << " at "
                      << samples.times[k] << ", wanted " << WriterValue(i, commit);
        return -1;
      }
    }
  }
  const Samples& histograms = all.at(WriterLabels(kWriterSeries));
  EXPECT_EQ(static_cast<int64_t>(histograms.histograms.size()), commits);
  for (size_t k = 0; k < histograms.histograms.size(); ++k) {
    if (histograms.histograms[k]->Equals(*WriterHistogram(static_cast<int64_t>(k)))) continue;
    ADD_FAILURE() << "histogram " << k << ": got " << histograms.histograms[k]->ToString();
    return -1;
  }
  return commits;
}

TEST(Kill9Test, EveryCommitIsThereAfterAHundredKills) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  auto folder = std::make_unique<Folder>();
  int64_t commits = 0;
  for (int i = 0; i < kKills; ++i) {
    // Each folder sees some kills; a new one now and then, as everything in it is checked each time.
    if (i % kKillsOfAFolder == 0) {
      folder = std::make_unique<Folder>();
      commits = 0;
    }
    const std::chrono::microseconds for_how_long(random() % 5000);
    const int64_t told = WriteAndKill(folder->path(), for_how_long);
    ASSERT_GE(told, commits) << "the writer made no commit in round " << i;
    commits = CheckAll(folder->path());
    // The commit that it was in may be there or not; one that was told of must be.
    ASSERT_GE(commits, told + 1) << "round " << i;
    ASSERT_LE(commits, told + 2) << "round " << i;
    if (::testing::Test::HasFailure()) return;
  }
  RecordProperty("commits", std::to_string(commits));
}

}  // namespace
}  // namespace sidelight::storage
