#include "src/api/catalog_json.h"

#include <fmt/format.h>

#include <utility>

#include "core/model/exemplar.h"
#include "src/api/query_json.h"

namespace sidelight::api {
namespace {

// `append` writes one item of the list.
template <class List, class Append>
Result<std::string> WriteList(const List& list, bool cut, size_t max_bytes, const Append& append) {
  std::string out = R"({"status":"success","data":[)";
  for (size_t i = 0; i < list.size() && out.size() <= max_bytes; ++i) {
    if (i > 0) out += ',';
    append(list[i], &out);
  }
  out += cut ? R"(],"warnings":["results truncated due to limit"]})" : "]}";
  if (out.size() <= max_bytes) return out;
  return Fail(ErrorCode::kLimit,
              fmt::format("the answer is larger than {} bytes (promql.max_result_size); ask "
                          "with narrower match[], or with a limit",
                          max_bytes));
}

Labels LabelsOf(const TraceId& id) {
  if (!id.valid()) return {};
  return Labels{{"span_id", SpanHex(id)}, {"trace_id", TraceHex(id)}};
}

void AppendExemplar(const Exemplar& exemplar, std::string* out) {
  *out += R"({"labels":)";
  AppendJsonLabels(LabelsOf(exemplar.id), out);
  *out += R"(,"value":)";
  AppendJsonValue(exemplar.value, out);
  *out += R"(,"timestamp":)";
  AppendJsonTime(exemplar.time, out);
  *out += '}';
}

}  // namespace

Result<std::string> WriteTexts(const std::vector<std::string>& texts, bool cut, size_t max_bytes) {
  return WriteList(texts, cut, max_bytes, AppendJsonString);
}

Result<std::string> WriteSeries(const std::vector<Labels>& series, bool cut, size_t max_bytes) {
  return WriteList(series, cut, max_bytes, AppendJsonLabels);
}

Result<std::string> WriteExemplars(const std::vector<storage::Store::SeriesExemplars>& series,
                                   size_t max_bytes) {
  const auto append = [](const storage::Store::SeriesExemplars& one, std::string* out) {
    *out += R"({"seriesLabels":)";
    AppendJsonLabels(one.labels, out);
    *out += R"(,"exemplars":[)";
    for (size_t i = 0; i < one.exemplars.size(); ++i) {
      if (i > 0) *out += ',';
      AppendExemplar(one.exemplars[i], out);
    }
    *out += "]}";
  };
  return WriteList(series, false, max_bytes, append);
}

}  // namespace sidelight::api
