#include "core/metrics/process.h"

#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string_view>
#include <system_error>
#include <utility>

namespace sidelight::metrics {
namespace {

// The fields of /proc/self/stat that are wanted, numbered from 1 as in proc(5).
constexpr int kUserTicks = 14;
constexpr int kSystemTicks = 15;
constexpr int kStartTicks = 22;
constexpr int kVirtualBytes = 23;
constexpr int kResidentPages = 24;

std::string ReadAll(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::optional<double> Number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// The words of `text` from `from` on; a line's break is a blank like others.
std::vector<std::string_view> Words(std::string_view text) {
  std::vector<std::string_view> words;
  constexpr std::string_view kBlank = " \t\n";
  for (size_t at = text.find_first_not_of(kBlank); at != std::string_view::npos;) {
    const size_t end = std::min(text.find_first_of(kBlank, at), text.size());
    words.push_back(text.substr(at, end - at));
    at = text.find_first_not_of(kBlank, end);
  }
  return words;
}

// The first words of the line that starts with `key`, behind it.
std::vector<std::string_view> LineAfter(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    if (line.starts_with(key)) return Words(line.substr(key.size()));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return {};
}

std::optional<double> CountEntries(const std::string& folder) {
  std::error_code error;
  std::filesystem::directory_iterator entry(folder, error);
  if (error) return std::nullopt;
  double count = 0;
  for (; entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (error) return std::nullopt;
    ++count;
  }
  return count;
}

void Append(std::vector<MetricFamily>& out, MetricType type, std::string name, std::string unit,
            std::string help, std::optional<double> value) {
  if (!value) return;
  MetricFamily& family = out.emplace_back();
  family.name = std::move(name);
  family.help = std::move(help);
  family.unit = std::move(unit);
  family.type = type;
  family.metrics.emplace_back().value = *value;
}

}  // namespace

ProcessSource::ProcessSource(std::string proc)
    : proc_(std::move(proc)),
      ticks_per_second_(static_cast<double>(sysconf(_SC_CLK_TCK))),
      page_bytes_(static_cast<double>(sysconf(_SC_PAGESIZE))) {}

std::vector<MetricFamily> ProcessSource::Collect() const {
  const std::string stat = ReadAll(proc_ + "/self/stat");
  const std::string limits = ReadAll(proc_ + "/self/limits");
  const std::string machine = ReadAll(proc_ + "/stat");

  // The second field is the program's name in parentheses, which may itself hold blanks and parentheses.
  const size_t name_end = stat.rfind(')');
  const std::vector<std::string_view> fields = name_end == std::string::npos
                                                   ? std::vector<std::string_view>()
                                                   : Words(std::string_view(stat).substr(name_end + 1));
  const auto field = [&fields](size_t number) -> std::optional<double> {
    const size_t i = number - 3;
    return i < fields.size() ? Number(fields[i]) : std::nullopt;
  };
  const auto scaled = [](std::optional<double> value, double factor) {
    return value ? std::optional(*value * factor) : std::nullopt;
  };

  std::optional<double> cpu_ticks = field(kUserTicks);
  if (const auto system = field(kSystemTicks); cpu_ticks && system) *cpu_ticks += *system;

  std::optional<double> start_time;
  const std::vector<std::string_view> boot = LineAfter(machine, "btime ");
  const std::optional<double> boot_seconds = boot.empty() ? std::nullopt : Number(boot.front());
  if (const auto ticks = field(kStartTicks); ticks && boot_seconds) {
    start_time = *boot_seconds + *ticks / ticks_per_second_;
  }

  // "unlimited" is no number; there is nothing to show then.
  const std::vector<std::string_view> files = LineAfter(limits, "Max open files ");

  std::vector<MetricFamily> out;
  Append(out, MetricType::kCounter, "process_cpu_seconds_total", "seconds",
         "Total user and system CPU time spent in seconds.", scaled(cpu_ticks, 1 / ticks_per_second_));
  Append(out, MetricType::kGauge, "process_max_fds", "", "Maximum number of open file descriptors.",
         files.empty() ? std::nullopt : Number(files.front()));
  Append(out, MetricType::kGauge, "process_open_fds", "", "Number of open file descriptors.",
         CountEntries(proc_ + "/self/fd"));
  Append(out, MetricType::kGauge, "process_resident_memory_bytes", "bytes", "Resident memory size in bytes.",
         scaled(field(kResidentPages), page_bytes_));
  Append(out, MetricType::kGauge, "process_start_time_seconds", "seconds",
         "Start time of the process since unix epoch in seconds.", start_time);
  Append(out, MetricType::kGauge, "process_virtual_memory_bytes", "bytes", "Virtual memory size in bytes.",
         field(kVirtualBytes));
  return out;
}

}  // namespace sidelight::metrics
