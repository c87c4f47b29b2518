#include "core/model/naming.h"

#include <array>

namespace sidelight {
namespace {

struct UnitWord {
  std::string_view ucum;
  std::string_view word;
};

constexpr std::array kUnits = {
    UnitWord{"d", "days"},
    UnitWord{"h", "hours"},
    UnitWord{"min", "minutes"},
    UnitWord{"s", "seconds"},
    UnitWord{"ms", "milliseconds"},
    UnitWord{"us", "microseconds"},
    UnitWord{"ns", "nanoseconds"},
    UnitWord{"By", "bytes"},
    UnitWord{"KiBy", "kibibytes"},
    UnitWord{"MiBy", "mebibytes"},
    UnitWord{"GiBy", "gibibytes"},
    UnitWord{"TiBy", "tibibytes"},
    UnitWord{"KBy", "kilobytes"},
    UnitWord{"MBy", "megabytes"},
    UnitWord{"GBy", "gigabytes"},
    UnitWord{"TBy", "terabytes"},
    UnitWord{"m", "meters"},
    UnitWord{"V", "volts"},
    UnitWord{"A", "amperes"},
    UnitWord{"J", "joules"},
    UnitWord{"W", "watts"},
    UnitWord{"g", "grams"},
    UnitWord{"Cel", "celsius"},
    UnitWord{"Hz", "hertz"},
    UnitWord{"1", ""},
    UnitWord{"%", "percent"},
};

// A rate's divisor is written in the singular: By/s -> bytes_per_second.
constexpr std::array kPerUnits = {
    UnitWord{"s", "second"}, UnitWord{"m", "minute"}, UnitWord{"h", "hour"}, UnitWord{"d", "day"},
    UnitWord{"w", "week"},   UnitWord{"mo", "month"}, UnitWord{"y", "year"},
};

// What the conventions' HTTP, database, RPC and messaging pages put on metrics, as far as a label name does
// not say it already.
constexpr std::array kAttributes = {
    OtelAttribute{"client.address"},
    OtelAttribute{"client.port", AttributeKind::kInteger},
    OtelAttribute{"db.client.connection.pool.name"},
    OtelAttribute{"db.client.connection.state"},
    OtelAttribute{"db.collection.name"},
    OtelAttribute{"db.namespace"},
    OtelAttribute{"db.operation.batch.size", AttributeKind::kInteger},
    OtelAttribute{"db.operation.name"},
    OtelAttribute{"db.query.summary"},
    OtelAttribute{"db.query.text"},
    OtelAttribute{"db.response.status_code"},
    OtelAttribute{"db.stored_procedure.name"},
    OtelAttribute{"db.system.name"},
    OtelAttribute{"error.type"},
    OtelAttribute{"http.connection.state"},
    OtelAttribute{"http.request.method"},
    OtelAttribute{"http.request.resend_count", AttributeKind::kInteger},
    OtelAttribute{"http.response.status_code", AttributeKind::kInteger},
    OtelAttribute{"http.route"},
    OtelAttribute{"network.local.address"},
    OtelAttribute{"network.local.port", AttributeKind::kInteger},
    OtelAttribute{"network.peer.address"},
    OtelAttribute{"network.peer.port", AttributeKind::kInteger},
    OtelAttribute{"network.protocol.name"},
    OtelAttribute{"network.protocol.version"},
    OtelAttribute{"network.transport"},
    OtelAttribute{"network.type"},
    OtelAttribute{"otel.metric.overflow", AttributeKind::kBoolean},
    OtelAttribute{"rpc.method"},
    OtelAttribute{"rpc.response.status_code"},
    OtelAttribute{"rpc.service"},
    OtelAttribute{"rpc.system.name"},
    OtelAttribute{"server.address"},
    OtelAttribute{"server.port", AttributeKind::kInteger},
    OtelAttribute{"url.domain"},
    OtelAttribute{"url.scheme"},
    OtelAttribute{"url.template"},
    OtelAttribute{"user_agent.name"},
};

// Whether the attribute becomes that label; of names of equal length only dots differ.
bool Becomes(std::string_view attribute, std::string_view label) {
  if (attribute.size() != label.size()) return false;
  for (size_t i = 0; i < label.size(); ++i) {
    if (label[i] != (attribute[i] == '.' ? '_' : attribute[i])) return false;
  }
  return true;
}

template <size_t N>
std::string_view FindWord(const std::array<UnitWord, N>& table, std::string_view word) {
  for (const UnitWord& unit : table) {
    if (unit.word == word) return unit.ucum;
  }
  return word;
}

template <size_t N>
std::string_view Find(const std::array<UnitWord, N>& table, std::string_view ucum) {
  for (const UnitWord& unit : table) {
    if (unit.ucum == ucum) return unit.word;
  }
  return ucum;
}

bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

std::string Escape(std::string_view name, bool colon) {
  std::string out;
  out.reserve(name.size() + 1);
  for (const char c : name) {
    if (IsLetter(c) || IsDigit(c) || (colon && c == ':')) {
      out += c;
    } else if (out.empty() || out.back() != '_') {
      out += '_';
    }
  }
  if (!out.empty() && IsDigit(out.front())) out.insert(out.begin(), '_');
  return out;
}

std::string WithoutAnnotations(std::string_view ucum) {
  std::string out;
  int depth = 0;
  for (const char c : ucum) {
    if (c == '{') {
      ++depth;
    } else if (c == '}') {
      if (depth > 0) --depth;
    } else if (depth == 0) {
      out += c;
    }
  }
  return out;
}

bool HasWord(std::string_view name, std::string_view word) {
  if (!name.ends_with(word)) return false;
  return name.size() == word.size() || name[name.size() - word.size() - 1] == '_';
}

void AppendWord(std::string& name, std::string_view word) {
  if (!name.ends_with('_')) name += '_';
  name += word;
}

}  // namespace

std::string PrometheusUnit(std::string_view ucum) {
  const std::string plain = WithoutAnnotations(ucum);
  const size_t slash = plain.find('/');
  if (slash == std::string::npos) return Escape(Find(kUnits, plain), false);
  std::string out(Find(kUnits, std::string_view(plain).substr(0, slash)));
  const std::string_view per = Find(kPerUnits, std::string_view(plain).substr(slash + 1));
  if (!per.empty()) {
    if (!out.empty()) out += '_';
    out += "per_";
    out += per;
  }
  return Escape(out, false);
}

std::string UcumUnit(std::string_view prometheus_unit) {
  if (prometheus_unit.empty()) return "";
  if (prometheus_unit == "ratio") return "1";
  constexpr std::string_view kPer = "per_";
  const size_t per = prometheus_unit.find(kPer);
  const bool rate = per == 0 || (per != std::string_view::npos && prometheus_unit[per - 1] == '_');
  if (!rate) return std::string(FindWord(kUnits, prometheus_unit));
  const std::string_view of = per == 0 ? std::string_view() : prometheus_unit.substr(0, per - 1);
  std::string out(of.empty() ? "1" : FindWord(kUnits, of));
  out += '/';
  out += FindWord(kPerUnits, prometheus_unit.substr(per + kPer.size()));
  return out;
}

OtelAttribute AttributeOfLabel(std::string_view label) {
  for (const OtelAttribute& attribute : kAttributes) {
    if (Becomes(attribute.name, label)) return attribute;
  }
  return {label};
}

std::string PrometheusName(std::string_view otel_name, std::string_view unit, MetricType type) {
  std::string name = Escape(otel_name, true);
  std::string word = PrometheusUnit(unit);
  if (word.empty() && unit == "1" && type == MetricType::kGauge) word = "ratio";
  const bool counter = type == MetricType::kCounter;
  if (counter && HasWord(name, "total") && name != "total")
    name.resize(name.size() - std::string_view("_total").size());
  if (!word.empty() && !HasWord(name, word)) AppendWord(name, word);
  if (counter) AppendWord(name, "total");
  return name;
}

std::string PrometheusLabelName(std::string_view otel_attribute) {
  return Escape(otel_attribute, false);
}

bool IsClassicMetricName(std::string_view name) {
  if (name.empty() || IsDigit(name.front())) return false;
  for (const char c : name) {
    if (!IsLetter(c) && !IsDigit(c) && c != '_' && c != ':') return false;
  }
  return true;
}

bool IsClassicLabelName(std::string_view name) {
  return IsClassicMetricName(name) && name.find(':') == std::string_view::npos;
}

}  // namespace sidelight
