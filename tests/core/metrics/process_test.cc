#include "core/metrics/process.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/core/metrics/series_text.h"

namespace sidelight::metrics {
namespace {

// A folder like /proc that goes with the test.
class ProcFolder {
 public:
  ProcFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "process_test_XXXXXX").string();
    path_ = mkdtemp(name.data());
    std::filesystem::create_directories(path_ / "self" / "fd");
  }
  ~ProcFolder() { std::filesystem::remove_all(path_); }
  void Write(const std::string& file, const std::string& text) const { std::ofstream(path_ / file) << text; }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

std::map<std::string, double> Read(const std::string& proc) {
  std::map<std::string, double> out;
  for (const MetricFamily& family : ProcessSource(proc).Collect())
    out[family.name] = family.metrics.at(0).value;
  return out;
}

TEST(ProcessSource, ReadsTheFilesOfProc) {
  const ProcFolder proc;
  proc.Write("self/stat",
             "42 (a (b) c) S 1 42 42 0 -1 4194560 1 0 0 0 150 50 0 0 20 0 3 0 1000 123456789 321 "
             "18446744073709551615 1 "
             "1 0 0\n");
  proc.Write("self/limits",
             "Limit                     Soft Limit           Hard Limit           Units     \n"
             "Max processes             100                  100                  processes \n"
             "Max open files            1024                 524288               files     \n");
  proc.Write("stat", "cpu  1 2 3\nintr 5\nbtime 1700000000\nprocesses 1\n");
  for (const char* fd : {"0", "1", "2"}) proc.Write(std::string("self/fd/") + fd, "");
  const double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  const double page = static_cast<double>(sysconf(_SC_PAGESIZE));
  EXPECT_EQ(Read(proc.path()), (std::map<std::string, double>{
                                   {"process_cpu_seconds_total", 200 / ticks},
                                   {"process_max_fds", 1024},
                                   {"process_open_fds", 3},
                                   {"process_resident_memory_bytes", 321 * page},
                                   {"process_start_time_seconds", 1'700'000'000 + 1000 / ticks},
                                   {"process_virtual_memory_bytes", 123456789},
                               }));
}

TEST(ProcessSource, LeavesOutWhatCannotBeRead) {
  EXPECT_TRUE(Read("/nonexistent").empty());
  const ProcFolder proc;
  EXPECT_EQ(Read(proc.path()), (std::map<std::string, double>{{"process_open_fds", 0}}));
  proc.Write("self/limits",
             "Max open files            unlimited            unlimited            files     \n");
  proc.Write("stat", "btime\nbtime x\n");
  for (const char* stat : {"", "42", "42 (x", "42 (x)", "42 (x) S 1 2", ")",
                           "1 (x) S a b c d e f g h i j k l m n o p q r s t u v"}) {
    proc.Write("self/stat", stat);
    EXPECT_EQ(Read(proc.path()), (std::map<std::string, double>{{"process_open_fds", 0}})) << stat;
  }
}

TEST(ProcessSource, KnowsThisProcess) {
  const auto got = Read("/proc");
  EXPECT_EQ(got.size(), 6u);
  EXPECT_GE(got.at("process_cpu_seconds_total"), 0);
  EXPECT_GT(got.at("process_resident_memory_bytes"), 1e6);
  EXPECT_GE(got.at("process_virtual_memory_bytes"), got.at("process_resident_memory_bytes"));
  EXPECT_GE(got.at("process_open_fds"), 3);
  EXPECT_GT(got.at("process_max_fds"), 3);
  const double now = static_cast<double>(SystemClock().UnixNow()) / 1000;
  EXPECT_LT(got.at("process_start_time_seconds"), now + 5);
  EXPECT_GT(got.at("process_start_time_seconds"), now - 3600);
}

TEST(ProcessSource, NamesUnitsAndTypes) {
  for (const MetricFamily& family : ProcessSource().Collect()) {
    EXPECT_FALSE(family.help.empty()) << family.name;
    EXPECT_EQ(family.type, family.name.ends_with("_total") ? MetricType::kCounter : MetricType::kGauge)
        << family.name;
    EXPECT_NE(family.name.find(family.unit), std::string::npos) << family.name;
  }
}

}  // namespace
}  // namespace sidelight::metrics
