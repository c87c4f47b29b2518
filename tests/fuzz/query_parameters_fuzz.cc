// What the query API reads before it evaluates anything: forms, times and spans of any bytes; and texts on
// their way into its JSON, which must stay JSON.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "core/http/form.h"
#include "src/api/query_json.h"
#include "src/api/query_parameters.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sidelight;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto form = http::ParseForm(text)) {
    // What was an empty pair is written as none.
    const auto again = http::ParseForm(http::FormatForm(*form));
    if (again != form) std::abort();
  }
  if (const auto time = api::ParseTime(text)) {
    if (*time > int64_t{1} << 62 || *time < -(int64_t{1} << 62)) std::abort();
  }
  (void)api::ParseSpan(text);
  if (!nlohmann::json::accept(api::WriteError("bad_data", text))) std::abort();
  return 0;
}
