#include "src/app/cpu_quota.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

namespace sidelight::app {
namespace {

size_t Cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  sched_getaffinity(0, sizeof set, &set);
  return static_cast<size_t>(CPU_COUNT(&set));
}

class CpuQuotaTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = testing::TempDir() + "cpu_quota." + std::to_string(getpid());
    std::filesystem::create_directories(root_ + "/cpu");
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  void Write(const std::string& name, const std::string& text) { std::ofstream(root_ + "/" + name) << text; }

  std::string root_;
};

TEST_F(CpuQuotaTest, FollowsTheGroupsQuotaRoundedUpAndNeverBeyondTheCpus) {
  struct Case {
    std::string cpu_max;
    size_t wanted;
  };
  const Case cases[] = {
      {"max 100000\n", Cpus()},      {"50000 100000\n", 1},
      {"100000 100000\n", 1},        {"100001 100000\n", std::min<size_t>(2, Cpus())},
      {"99900000 100000\n", Cpus()}, {"nonsense\n", Cpus()},
      {"x 100000\n", Cpus()},        {"", Cpus()},
  };
  for (const Case& c : cases) {
    Write("cpu.max", c.cpu_max);
    EXPECT_EQ(UsableCpus(root_), c.wanted) << "cpu.max: " << c.cpu_max;
  }
}

TEST_F(CpuQuotaTest, ReadsVersionOneToo) {
  Write("cpu/cpu.cfs_quota_us", "30000\n");
  Write("cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(UsableCpus(root_), 1u);
  Write("cpu/cpu.cfs_quota_us", "-1\n");
  EXPECT_EQ(UsableCpus(root_), Cpus());
}

TEST_F(CpuQuotaTest, WithoutGroupsItIsWhatTheSchedulerAllows) {
  EXPECT_EQ(UsableCpus("/there/is/no/such/folder"), Cpus());
}

}  // namespace
}  // namespace sidelight::app
