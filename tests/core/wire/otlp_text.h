// A MetricsRequest as text, for tests: every field that is there, in one order, so that equal texts are equal
// messages.
#pragma once

#include <cstdio>
#include <string>
#include <type_traits>
#include <vector>

#include "core/base/float_text.h"
#include "core/wire/otlp/message.h"

namespace sidelight::otlp {

inline std::string HexOf(const std::string& bytes) {
  std::string out;
  char digits[3];
  for (const char c : bytes) {
    std::snprintf(digits, sizeof(digits), "%02x", static_cast<unsigned char>(c));
    out += digits;
  }
  return out;
}

inline std::string TextOf(const std::vector<KeyValue>& list);

inline std::string TextOf(const AnyValue& value) {
  return std::visit(
      [](const auto& v) -> std::string {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, std::monostate>) {
          return "none";
        } else if constexpr (std::is_same_v<T, std::string>) {
          return '"' + v + '"';
        } else if constexpr (std::is_same_v<T, bool>) {
          return v ? "true" : "false";
        } else if constexpr (std::is_same_v<T, int64_t>) {
          return std::to_string(v);
        } else if constexpr (std::is_same_v<T, double>) {
          return FloatText(v) + "d";
        } else if constexpr (std::is_same_v<T, ArrayValue>) {
          std::string out = "[";
          for (const AnyValue& element : v.values) out += TextOf(element) + ",";
          return out + "]";
        } else if constexpr (std::is_same_v<T, KeyValueList>) {
          return TextOf(v.values);
        } else {
          return "x" + HexOf(v.bytes);
        }
      },
      value.value);
}

inline std::string TextOf(const std::vector<KeyValue>& list) {
  std::string out = "{";
  for (const KeyValue& entry : list) {
    if (out.size() > 1) out += ' ';
    out += entry.key + "=" + TextOf(entry.value);
  }
  return out + "}";
}

inline std::string TextOf(const NumberValue& value) {
  if (const auto* const number = std::get_if<double>(&value)) return FloatText(*number);
  if (const auto* const number = std::get_if<int64_t>(&value)) return std::to_string(*number) + "i";
  return "none";
}

inline std::string TextOf(const std::vector<ExemplarMessage>& exemplars) {
  std::string out;
  for (const ExemplarMessage& e : exemplars) {
    out += " #" + TextOf(e.value) + "@" + std::to_string(e.time);
    if (!e.trace_id.empty()) out += " trace:" + HexOf(e.trace_id);
    if (!e.span_id.empty()) out += " span:" + HexOf(e.span_id);
    if (!e.filtered_attributes.empty()) out += TextOf(e.filtered_attributes);
  }
  return out;
}

template <class T>
std::string ListText(const std::vector<T>& list) {
  std::string out = "[";
  for (const T& element : list) {
    if (out.size() > 1) out += ' ';
    if constexpr (std::is_same_v<T, double>) {
      out += FloatText(element);
    } else {
      out += std::to_string(element);
    }
  }
  return out + "]";
}

template <class Point>
std::string StartText(const Point& point) {
  std::string out =
      TextOf(point.attributes) + " " + std::to_string(point.start_time) + "-" + std::to_string(point.time);
  if (point.flags != 0) out += " flags:" + std::to_string(point.flags);
  if constexpr (requires { point.count; }) out += " count:" + std::to_string(point.count);
  if constexpr (requires { point.min; }) {
    if (point.sum) out += " sum:" + FloatText(*point.sum);
    if (point.min) out += " min:" + FloatText(*point.min);
    if (point.max) out += " max:" + FloatText(*point.max);
  }
  return out;
}

inline std::string TextOf(const NumberDataPoint& point) {
  return StartText(point) + " " + TextOf(point.value) + TextOf(point.exemplars);
}
inline std::string TextOf(const HistogramDataPoint& point) {
  return StartText(point) + " " + ListText(point.bucket_counts) + " " + ListText(point.explicit_bounds) +
         TextOf(point.exemplars);
}
inline std::string TextOf(const ExponentialHistogramDataPoint& point) {
  const auto buckets = [](const ExponentialBuckets& b) {
    return std::to_string(b.offset) + ListText(b.counts);
  };
  return StartText(point) + " scale:" + std::to_string(point.scale) +
         " zero:" + std::to_string(point.zero_count) + "/" + FloatText(point.zero_threshold) + " +" +
         buckets(point.positive) + " -" + buckets(point.negative) + TextOf(point.exemplars);
}
inline std::string TextOf(const SummaryDataPoint& point) {
  std::string out = StartText(point) + " sum:" + FloatText(point.sum);
  for (const QuantileValue& q : point.quantiles)
    out += " " + FloatText(q.quantile) + "=" + FloatText(q.value);
  return out;
}

// One line for each metric and each point.
inline std::string TextOf(const MetricMessage& metric) {
  static const char* const kTypes[] = {"nothing", "gauge", "sum", "histogram", "exponential", "summary"};
  std::string out = std::string(kTypes[metric.data.index()]) + " " + metric.name + " (" + metric.unit + ") " +
                    metric.description;
  if (!metric.metadata.empty()) out += TextOf(metric.metadata);
  std::visit(
      [&](const auto& data) {
        if constexpr (requires { data.temporality; }) {
          out += " t" + std::to_string(static_cast<int>(data.temporality));
        }
        if constexpr (requires { data.monotonic; }) out += data.monotonic ? " monotonic" : "";
        out += '\n';
        if constexpr (requires { data.points; }) {
          for (const auto& point : data.points) out += "  " + TextOf(point) + "\n";
        }
      },
      metric.data);
  return out;
}

inline std::string TextOf(const MetricsRequest& request) {
  std::string out;
  for (const ResourceMetrics& resource : request.resources) {
    out += "resource " + TextOf(resource.resource) + resource.schema_url + "\n";
    for (const ScopeMetrics& scope : resource.scopes) {
      out += "scope " + scope.scope.name + "/" + scope.scope.version + TextOf(scope.scope.attributes) +
             scope.schema_url + "\n";
      for (const MetricMessage& metric : scope.metrics) out += TextOf(metric);
    }
  }
  return out;
}

}  // namespace sidelight::otlp
