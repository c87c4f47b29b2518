#include "collector/meter/slow_query_log.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tests/support/fake_clock.h"

namespace sidelight::meter {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;

class SlowQueryLogTest : public ::testing::Test {
 protected:
  void SetUp() override {
    log_ = std::make_unique<SlowQueryLog>(
        clock_, "db", [this](std::string_view message, std::span<const log::Field> fields) {
          std::unique_lock lock(mutex_);
          ++begun_;
          changed_.notify_all();
          changed_.wait(lock, [this] { return !blocked_; });
          std::string line(message);
          for (const log::Field& field : fields) line += fmt::format(" {}={}", field.key, field.value);
          lines_.push_back(std::move(line));
          changed_.notify_all();
        });
  }

  void Block(bool blocked) {
    const std::lock_guard guard(mutex_);
    blocked_ = blocked;
    changed_.notify_all();
  }
  void WaitFor(const int& counted, int n) {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(changed_.wait_for(lock, seconds(60), [&] { return counted >= n; })) << counted << " of " << n;
  }
  // What was written, once all is.
  std::vector<std::string> Lines() {
    log_.reset();
    return lines_;
  }
  void Add(const std::string& query) {
    Exchange exchange;
    exchange.query = query;
    log_->Add(exchange, seconds(1), "");
  }

  FakeClock clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool blocked_ = false;
  int begun_ = 0;
  std::vector<std::string> lines_;
  std::unique_ptr<SlowQueryLog> log_;
};

TEST_F(SlowQueryLogTest, Fields) {
  Exchange all;
  all.database = "shop";
  all.operation = "EXECUTE";
  all.query = "SELECT a FROM b WHERE c = ?";
  all.summary = "SELECT b";
  all.returned_rows = 0;
  all.error = "57014";
  log_->Add(all, milliseconds(1234), "");
  Exchange summary;
  summary.summary = "SELECT b";
  log_->Add(summary, std::chrono::microseconds(1500), "");
  Exchange gone;
  gone.operation = "GET";
  gone.outcome = Outcome::kClientGone;
  gone.error = "ERR";
  log_->Add(gone, seconds(2), "user:{id}");
  EXPECT_THAT(Lines(),
              ElementsAre("slow query tap=db db.namespace=shop db.operation.name=EXECUTE "
                          "db.query.text=SELECT a FROM b WHERE c = ? duration=1.234 rows=0 error=57014",
                          "slow query tap=db db.query.text=SELECT b duration=0.0015",
                          "slow query tap=db db.operation.name=GET cache_keyspace=user:{id} duration=2 "
                          "error=client_gone"));
}

TEST_F(SlowQueryLogTest, TenLinesASecondAndTheNextSaysHowManyWereLeftOut) {
  const auto line = [](int i, const std::string& more = "") {
    return fmt::format("slow query tap=db db.query.text=q{} duration=1{}", i, more);
  };
  std::vector<std::string> wanted;
  for (int i = 0; i < 25; ++i) {
    Add("q" + std::to_string(i));
    if (i < SlowQueryLog::kLinesPerSecond) wanted.push_back(line(i));
  }
  clock_.Advance(milliseconds(999));
  Add("late");
  clock_.Advance(milliseconds(1));
  Add("q26");
  Add("q27");
  wanted.push_back(line(26, " left_out=16"));
  wanted.push_back(line(27));
  EXPECT_EQ(Lines(), wanted);
}

// As when nobody reads the pipe that the log goes to.
TEST_F(SlowQueryLogTest, ALogThatStandsStillHoldsUpNobody) {
  Block(true);
  Add("q0");
  WaitFor(begun_, 1);
  constexpr int kMore = 5 * static_cast<int>(SlowQueryLog::kMaxWaiting);
  for (int i = 1; i <= kMore; ++i) {
    clock_.Advance(seconds(1));
    Add("q" + std::to_string(i));
  }
  Block(false);
  WaitFor(begun_, 1 + static_cast<int>(SlowQueryLog::kMaxWaiting));
  clock_.Advance(seconds(1));
  Add("last");
  const std::vector<std::string> lines = Lines();
  ASSERT_EQ(lines.size(), 1 + SlowQueryLog::kMaxWaiting + 1);
  EXPECT_EQ(lines.back(), fmt::format("slow query tap=db db.query.text=last duration=1 left_out={}",
                                      kMore - SlowQueryLog::kMaxWaiting));
}

}  // namespace
}  // namespace sidelight::meter
