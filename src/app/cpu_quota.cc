#include "src/app/cpu_quota.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <optional>
#include <string>

namespace sidelight::app {
namespace {

// "max 100000" or "150000 100000": microseconds of CPU time in each period.
std::optional<double> QuotaV2(const std::string& cgroup) {
  std::ifstream file(cgroup + "/cpu.max");
  std::string quota;
  double period = 0;
  if (!(file >> quota >> period) || quota == "max" || period <= 0) return std::nullopt;
  try {
    return std::stod(quota) / period;
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

std::optional<double> QuotaV1(const std::string& cgroup) {
  std::ifstream quota_file(cgroup + "/cpu/cpu.cfs_quota_us");
  std::ifstream period_file(cgroup + "/cpu/cpu.cfs_period_us");
  double quota = 0;
  double period = 0;
  if (!(quota_file >> quota) || !(period_file >> period) || quota <= 0 || period <= 0) return std::nullopt;
  return quota / period;
}

size_t ScheduledCpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<size_t>(std::max(1, CPU_COUNT(&set)));
}

}  // namespace

size_t UsableCpus(const std::string& cgroup) {
  const size_t cpus = ScheduledCpus();
  std::optional<double> quota = QuotaV2(cgroup);
  if (!quota) quota = QuotaV1(cgroup);
  if (!quota) return cpus;
  return std::clamp<size_t>(static_cast<size_t>(std::ceil(*quota)), 1, cpus);
}

}  // namespace sidelight::app
