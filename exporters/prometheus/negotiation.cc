#include "exporters/prometheus/negotiation.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "core/http/accept.h"

namespace sidelight::prometheus {
namespace {

using wire::EscapingScheme;
using wire::ExpositionFormat;

std::optional<ExpositionFormat> FormatOf(const http::AcceptClause& clause) {
  const std::string_view version = clause.Get("version");
  if (clause.what == "text/plain") {
    if (version.empty() || version == "0.0.4") return ExpositionFormat::kText004;
    if (version == "1.0.0") return ExpositionFormat::kText100;
  } else if (clause.what == "application/openmetrics-text") {
    if (version.empty() || version == "0.0.1") return ExpositionFormat::kOpenMetrics001;
    if (version == "1.0.0") return ExpositionFormat::kOpenMetrics100;
  } else if (clause.what == "application/vnd.google.protobuf") {
    if (clause.Get("proto") == "io.prometheus.client.MetricFamily" && clause.Get("encoding") == "delimited") {
      return ExpositionFormat::kProtobuf;
    }
  }
  return std::nullopt;
}

std::string_view BareContentType(ExpositionFormat format) {
  switch (format) {
    case ExpositionFormat::kText004:
      return "text/plain; version=0.0.4; charset=utf-8";
    case ExpositionFormat::kText100:
      return "text/plain; version=1.0.0; charset=utf-8";
    case ExpositionFormat::kOpenMetrics001:
      return "application/openmetrics-text; version=0.0.1; charset=utf-8";
    case ExpositionFormat::kOpenMetrics100:
      return "application/openmetrics-text; version=1.0.0; charset=utf-8";
    case ExpositionFormat::kProtobuf:
      return "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";
  }
  return {};
}

Negotiated Answer(ExpositionFormat format, std::optional<EscapingScheme> asked) {
  const bool versioned = format == ExpositionFormat::kText100 || format == ExpositionFormat::kOpenMetrics100;
  // The older text formats have no way to quote a name.
  const bool quotes = versioned || format == ExpositionFormat::kProtobuf;
  if (asked == EscapingScheme::kAllowUtf8 && !quotes) asked = EscapingScheme::kUnderscores;
  Negotiated answer;
  answer.format = format;
  answer.escaping = asked.value_or(EscapingScheme::kUnderscores);
  answer.content_type = BareContentType(format);
  if (versioned || asked) {
    answer.content_type += "; escaping=";
    answer.content_type += wire::EscapingSchemeWord(answer.escaping);
  }
  return answer;
}

}  // namespace

Negotiated NegotiateFormat(std::string_view accept) {
  std::vector<http::AcceptClause> clauses = http::ParseAccept(accept);
  std::stable_sort(
      clauses.begin(), clauses.end(),
      [](const http::AcceptClause& a, const http::AcceptClause& b) { return a.weight > b.weight; });
  for (const http::AcceptClause& clause : clauses) {
    if (clause.weight == 0) break;
    if (const auto format = FormatOf(clause)) {
      return Answer(*format, wire::ParseEscapingScheme(clause.Get("escaping")));
    }
  }
  return Answer(ExpositionFormat::kText004, std::nullopt);
}

}  // namespace sidelight::prometheus
