// What the query API reads before it evaluates anything: forms, times, spans, limits and escaped names of any
// bytes; and texts on their way into its JSON, which must stay JSON.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "core/base/utf8.h"
#include "core/http/form.h"
#include "core/wire/exposition/escaping.h"
#include "core/wire/exposition/utf8.h"
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
  if (const auto end = api::ParseEnd(text)) {
    if (*end > int64_t{1} << 62 || *end < -(int64_t{1} << 62)) std::abort();
  }
  (void)api::ParseSpan(text);
  if (const auto limit = api::ParseLimit(text)) {
    if (*limit > INT64_MAX) std::abort();
  }
  if (IsValidUtf8(text) && !IsValidUtf8(wire::UnescapeName(text))) std::abort();
  // A name that needed no escape may look like an escaped one.
  const std::string escaped = wire::EscapeName(text, wire::EscapingScheme::kValues, wire::NameKind::kLabel);
  if (escaped != text && wire::UnescapeName(escaped) != wire::ToValidUtf8(text)) std::abort();
  if (!nlohmann::json::accept(api::WriteError("bad_data", text))) std::abort();
  return 0;
}
