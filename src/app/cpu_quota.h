// How many CPUs this process may use: what `workers: auto` means. A container's quota (cgroup v2 cpu.max, or
// v1 cpu.cfs_quota_us) counts, rounded up, and never more than the CPUs that it may be scheduled on.
#pragma once

#include <cstddef>
#include <string>

namespace sidelight::app {

// At least 1. `cgroup` is where the control group file system is mounted.
size_t UsableCpus(const std::string& cgroup = "/sys/fs/cgroup");

}  // namespace sidelight::app
