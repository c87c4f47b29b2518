// Feeds the runner any text as a script, and with it the engine and the store: whatever a script loads and
// asks for, each eval passes or fails, and each failure is said.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "rules/testing/runner.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace promqltest = sidelight::promqltest;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto report = promqltest::RunTestFile("f", text);
  const bool sound =
      report ? report->failures.size() == report->failed : report.error().message.starts_with("f:");
  if (!sound) std::abort();
  return 0;
}
