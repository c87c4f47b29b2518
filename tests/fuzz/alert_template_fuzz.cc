// Templates of alerts: any text either is refused in Go's words, or expands within its limits, the same each
// time.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "rules/evaluation/alert_template.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace sidelight;
  using namespace sidelight::rules;
  constexpr size_t kMostOutput = 256 * 1024;
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const Result<AlertTemplate> parsed = AlertTemplate::Parse("Fuzz", text);
  if (!parsed) {
    if (!parsed.error().message.starts_with("template: __alert_Fuzz:")) std::abort();
    return 0;
  }
  const TemplateData data{.labels = Labels({{"foo", "bar"}, {"instance", "db.example.com:5432"}}),
                          .value = 1234.5,
                          .external_labels = Labels({{"region", "eu"}}),
                          .external_url = "http://sidelight.example:9464/prefix",
                          .time = 1435065584128,
                          .query = [](std::string_view query) -> Result<promql::Vector> {
                            if (query.empty()) return Fail(ErrorCode::kInvalidArgument, "no expression");
                            return promql::Vector{{.labels = Labels({{"n", query}}), .value = 2},
                                                  {.labels = Labels({{"n", "a"}}), .value = 1}};
                          }};
  const Result<std::string> once = parsed->Expand(data);
  const Result<std::string> again = parsed->Expand(data);
  if (once.has_value() != again.has_value()) std::abort();
  if (once && (*once != *again || once->size() > std::max(kMostOutput, size))) std::abort();
  return 0;
}
