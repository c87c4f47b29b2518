// kill -9 in the middle of transactions: after each start anew, every transaction that was told of is there
// whole, and the one under way is there whole or not at all.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <random>
#include <string>
#include <thread>

#include "tests/core/state/folder.h"

namespace sidelight::state {
namespace {

constexpr int kKills = 100;
constexpr int kRows = 20;  // of a transaction; all have its number

[[noreturn]] void WriteForever(const std::string& folder, int told) {
  const auto database = OpenNotes(folder);
  if (database->health().mode != Health::Mode::kDurable) _exit(1);
  int64_t last = 0;
  const Status read = database->Query("SELECT coalesce(max(CAST(value AS INTEGER)), 0) FROM notes", {},
                                      [&](const Row& row) { last = row.Integer(0); });
  if (!read) _exit(2);
  for (int64_t number = last + 1;; ++number) {
    // Long ones now and then, so that it is also killed while it spills and folds its log in.
    const std::string text = std::to_string(number) + std::string(number % 7 == 0 ? 20'000 : 10, ' ');
    const Status done = database->Transact([&]() -> Status {
      for (int i = 0; i < kRows; ++i) {
        Status put = Put(*database, "row" + std::to_string(i), text);
        if (!put) return put;
      }
      return {};
    });
    if (!done || write(told, &number, sizeof(number)) != sizeof(number)) _exit(3);
  }
}

// The last transaction that it told of before it was killed; -1 when there was none.
int64_t WriteAndKill(const std::string& folder, std::chrono::microseconds for_how_long) {
  int ends[2];
  if (pipe(ends) != 0) return -1;
  const pid_t writer = fork();
  if (writer == 0) {
    close(ends[0]);
    WriteForever(folder, ends[1]);
  }
  close(ends[1]);
  int64_t last = -1;
  ssize_t n = read(ends[0], &last, sizeof(last));
  std::thread killer([&] {
    std::this_thread::sleep_for(for_how_long);
    kill(writer, SIGKILL);
  });
  for (int64_t number = 0; n > 0;) {
    n = read(ends[0], &number, sizeof(number));
    if (n == sizeof(number)) last = number;
  }
  killer.join();
  close(ends[0]);
  int status = 0;
  waitpid(writer, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself with " << WEXITSTATUS(status);
  return last;
}

TEST(Kill9Test, EveryTransactionIsThereWhole) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const Folder folder;
  for (int i = 0; i < kKills && !HasFailure(); ++i) {
    SCOPED_TRACE("round " + std::to_string(i));
    const int64_t told = WriteAndKill(folder.path(), std::chrono::microseconds(random() % 20'000));
    ASSERT_GT(told, 0);
    const auto database = OpenNotes(folder.path());
    ASSERT_EQ(database->health().mode, Health::Mode::kDurable) << database->health().problem;
    ASSERT_EQ(database->health().set_aside, 0U);
    std::string seen;
    ASSERT_TRUE(database->Query(
        "SELECT count(*), min(CAST(value AS INTEGER)), max(CAST(value AS INTEGER)) FROM notes", {},
        [&](const Row& row) {
          EXPECT_EQ(row.Integer(0), kRows);
          EXPECT_EQ(row.Integer(1), row.Integer(2)) << "a transaction is not whole";
          EXPECT_GE(row.Integer(1), told) << "a transaction is lost";
          EXPECT_LE(row.Integer(1), told + 1);
        }));
  }
}

}  // namespace
}  // namespace sidelight::state
