#include "core/http/accept.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "core/base/letter_case.h"

namespace sidelight::http {
namespace {

std::string_view Trim(std::string_view text) {
  const size_t start = text.find_first_not_of(" \t");
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(" \t") - start + 1);
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

std::optional<AcceptClause> ParseClause(std::string_view text) {
  AcceptClause clause;
  clause.what = ToLower(TakeUpTo(&text, ';'));
  if (clause.what.empty()) return std::nullopt;
  while (!text.empty()) {
    std::string_view value = TakeUpTo(&text, ';');
    std::string name = ToLower(TakeUpTo(&value, '='));
    value = Trim(value);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    if (name == "q") {
      const std::optional<double> weight = ParseWeight(value);
      if (!weight) return std::nullopt;
      clause.weight = *weight;
    } else if (!name.empty()) {
      clause.parameters.emplace_back(std::move(name), value);
    }
  }
  return clause;
}

}  // namespace

std::string_view AcceptClause::Get(std::string_view name) const {
  for (const auto& [key, value] : parameters) {
    if (key == name) return value;
  }
  return {};
}

std::vector<AcceptClause> ParseAccept(std::string_view header) {
  std::vector<AcceptClause> clauses;
  while (!header.empty()) {
    if (std::optional<AcceptClause> clause = ParseClause(TakeUpTo(&header, ','))) {
      clauses.push_back(*std::move(clause));
    }
  }
  return clauses;
}

bool AcceptsGzip(std::string_view accept_encoding) {
  std::optional<double> gzip;
  std::optional<double> identity;
  std::optional<double> any;
  for (const AcceptClause& clause : ParseAccept(accept_encoding)) {
    if (clause.what == "gzip" || clause.what == "x-gzip") gzip = clause.weight;
    if (clause.what == "identity") identity = clause.weight;
    if (clause.what == "*") any = clause.weight;
  }
  const double weight = gzip ? *gzip : any.value_or(0);
  return weight > 0 && weight >= identity.value_or(0);
}

}  // namespace sidelight::http
