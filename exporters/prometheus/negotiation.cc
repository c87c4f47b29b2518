#include "exporters/prometheus/negotiation.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

namespace sidelight::prometheus {
namespace {

using wire::EscapingScheme;
using wire::ExpositionFormat;

std::string_view Trim(std::string_view text) {
  const size_t start = text.find_first_not_of(" \t");
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(" \t") - start + 1);
}

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// Takes the text up to `separator` off the front of `*rest`; one within quotes does not separate.
std::string_view TakeUpTo(std::string_view* rest, char separator) {
  bool quoted = false;
  size_t i = 0;
  for (; i < rest->size() && (quoted || (*rest)[i] != separator); ++i) {
    if ((*rest)[i] == '"') quoted = !quoted;
  }
  const std::string_view taken = rest->substr(0, i);
  rest->remove_prefix(std::min(i + 1, rest->size()));
  return Trim(taken);
}

// RFC 9110, section 12.4.2: 0 to 1.
std::optional<double> ParseWeight(std::string_view text) {
  double weight = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), weight, std::chars_format::fixed);
  if (error != std::errc() || end != text.data() + text.size() || !(weight >= 0 && weight <= 1))
    return std::nullopt;
  return weight;
}

struct Parameter {
  std::string name;
  std::string value;
};

// One entry of an Accept or Accept-Encoding header.
struct Clause {
  std::string what;  // "text/plain", "gzip"
  std::vector<Parameter> parameters;
  double weight = 1;

  std::string_view Get(std::string_view name) const {
    for (const Parameter& parameter : parameters) {
      if (parameter.name == name) return parameter.value;
    }
    return {};
  }
};

std::optional<Clause> ParseClause(std::string_view text) {
  Clause clause;
  clause.what = Lower(TakeUpTo(&text, ';'));
  if (clause.what.empty()) return std::nullopt;
  while (!text.empty()) {
    std::string_view value = TakeUpTo(&text, ';');
    const std::string name = Lower(TakeUpTo(&value, '='));
    value = Trim(value);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    if (name == "q") {
      const std::optional<double> weight = ParseWeight(value);
      if (!weight) return std::nullopt;
      clause.weight = *weight;
    } else if (!name.empty()) {
      clause.parameters.push_back({name, std::string(value)});
    }
  }
  return clause;
}

std::vector<Clause> ParseClauses(std::string_view header) {
  std::vector<Clause> clauses;
  while (!header.empty()) {
    if (std::optional<Clause> clause = ParseClause(TakeUpTo(&header, ',')))
      clauses.push_back(std::move(*clause));
  }
  return clauses;
}

std::optional<ExpositionFormat> FormatOf(const Clause& clause) {
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
  std::vector<Clause> clauses = ParseClauses(accept);
  std::stable_sort(clauses.begin(), clauses.end(),
                   [](const Clause& a, const Clause& b) { return a.weight > b.weight; });
  for (const Clause& clause : clauses) {
    if (clause.weight == 0) break;
    if (const auto format = FormatOf(clause)) {
      return Answer(*format, wire::ParseEscapingScheme(clause.Get("escaping")));
    }
  }
  return Answer(ExpositionFormat::kText004, std::nullopt);
}

bool AcceptsGzip(std::string_view accept_encoding) {
  std::optional<double> gzip;
  std::optional<double> identity;
  std::optional<double> any;
  for (const Clause& clause : ParseClauses(accept_encoding)) {
    if (clause.what == "gzip" || clause.what == "x-gzip") gzip = clause.weight;
    if (clause.what == "identity") identity = clause.weight;
    if (clause.what == "*") any = clause.weight;
  }
  const double weight = gzip ? *gzip : any.value_or(0);
  return weight > 0 && weight >= identity.value_or(0);
}

}  // namespace sidelight::prometheus
