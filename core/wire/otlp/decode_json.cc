#include <string>
#include <utility>

#include "core/wire/memory_budget.h"
#include "core/wire/otlp/decode.h"
#include "core/wire/otlp/json_reader.h"

namespace sidelight::otlp {
namespace {

using nlohmann::json;
using wire::Refused;

class Decoder {
 public:
  explicit Decoder(const DecodeLimits& limits) : max_depth_(limits.max_depth), budget_(limits.max_memory) {}

  void Read(const json& value, MetricsRequest* out);

 private:
  void Read(const json& value, ResourceMetrics* out);
  void Read(const json& value, ScopeMetrics* out);
  void Read(const json& value, ScopeMessage* out);
  void Read(const json& value, MetricMessage* out);
  void Read(const json& value, NumberDataPoint* out);
  void Read(const json& value, HistogramDataPoint* out);
  void Read(const json& value, ExponentialHistogramDataPoint* out);
  void Read(const json& value, ExponentialBuckets* out);
  void Read(const json& value, SummaryDataPoint* out);
  void Read(const json& value, QuantileValue* out);
  void Read(const json& value, ExemplarMessage* out);
  void Read(const json& value, KeyValue* out) { ReadKeyValue(value, out, 0); }
  void ReadKeyValue(const json& value, KeyValue* out, int depth);
  void ReadValue(const json& value, AnyValue* out, int depth);
  // What all points have; whether `name` is one of those.
  template <class Point>
  bool ReadCommon(std::string_view name, const json& value, Point* out);
  template <class Data>
  void ReadData(const json& value, MetricMessage* metric);

  template <class T>
  void ReadList(const json& value, std::vector<T>* out) {
    path_.ForEachElement(value, [&](const json& element) { Read(element, &budget_.Append(*out)); });
  }

  const int max_depth_;
  wire::MemoryBudget budget_;
  JsonPath path_;
};

void Decoder::Read(const json& value, MetricsRequest* out) {
  path_.ForEachEntry(value, [&](std::string_view name, const json& entry) {
    if (name == "resourceMetrics") ReadList(entry, &out->resources);
  });
}

void Decoder::Read(const json& value, ResourceMetrics* out) {
  path_.ForEachEntry(value, [&](std::string_view name, const json& entry) {
    if (name == "resource") {
      path_.ForEachEntry(entry, [&](std::string_view inner, const json& list) {
        if (inner == "attributes") ReadList(list, &out->resource);
      });
    } else if (name == "scopeMetrics") {
      ReadList(entry, &out->scopes);
    } else if (name == "schemaUrl") {
      out->schema_url = path_.Text(entry);
    }
  });
}

void Decoder::Read(const json& value, ScopeMetrics* out) {
  path_.ForEachEntry(value, [&](std::string_view name, const json& entry) {
    if (name == "scope") {
      Read(entry, &out->scope);
    } else if (name == "metrics") {
      ReadList(entry, &out->metrics);
    } else if (name == "schemaUrl") {
      out->schema_url = path_.Text(entry);
    }
  });
}

void Decoder::Read(const json& value, ScopeMessage* out) {
  path_.ForEachEntry(value, [&](std::string_view name, const json& entry) {
    if (name == "name") {
      out->name = path_.Text(entry);
    } else if (name == "version") {
      out->version = path_.Text(entry);
    } else if (name == "attributes") {
      ReadList(entry, &out->attributes);
    }
  });
}

template <class Data>
void Decoder::ReadData(const json& value, MetricMessage* metric) {
  Data& data = metric->data.emplace<Data>();
  path_.ForEachEntry(value, [&](std::string_view name, const json& entry) {
    if (name == "dataPoints") ReadList(entry, &data.points);
    if constexpr (requires { data.temporality; }) {
      if (name == "aggregationTemporality") {
        data.temporality = static_cast<AggregationTemporality>(path_.Enum(entry));
      }
    }
    if constexpr (requires { data.monotonic; }) {
      if (name == "isMonotonic") data.monotonic = path_.Bool(entry);
    }
  });
}

void Decoder::Read(const json& value, MetricMessage* out) {
  path_.ForEachEntry(value, [&](std::string_view name, const json& entry) {
    if (name == "name") {
      out->name = path_.Text(entry);
    } else if (name == "description") {
      out->description = path_.Text(entry);
    } else if (name == "unit") {
      out->unit = path_.Text(entry);
    } else if (name == "gauge") {
      ReadData<GaugeData>(entry, out);
    } else if (name == "sum") {
      ReadData<SumData>(entry, out);
    } else if (name == "histogram") {
      ReadData<HistogramData>(entry, out);
    } else if (name == "exponentialHistogram") {
      ReadData<ExponentialHistogramData>(entry, out);
    } else if (name == "summary") {
      ReadData<SummaryData>(entry, out);
    } else if (name == "metadata") {
      ReadList(entry, &out->metadata);
    }
  });
}

template <class Point>
bool Decoder::ReadCommon(std::string_view name, const json& value, Point* out) {
  if (name == "attributes") {
    ReadList(value, &out->attributes);
  } else if (name == "startTimeUnixNano") {
    out->start_time = path_.Uint64(value);
  } else if (name == "timeUnixNano") {
    out->time = path_.Uint64(value);
  } else if (name == "flags") {
    out->flags = path_.Uint32(value);
  } else {
    return false;
  }
  return true;
}

void Decoder::Read(const json& value, NumberDataPoint* out) {
  path_.ForEachEntry(value, [&](std::string_view name, const json& entry) {
    if (ReadCommon(name, entry, out)) return;
    if (name == "asDouble") {
      out->value = path_.Double(entry);
    } else if (name == "asInt") {
      out->value = path_.Int64(entry);
    } else if (name == "exemplars") {
      ReadList(entry, &out->exemplars);
    }
  });
}

void Decoder::Read(const json& value, HistogramDataPoint* out) {
  path_.ForEachEntry(value, [&](std::string_view name, const json& entry) {
    if (ReadCommon(name, entry, out)) return;
    if (name == "count") {
      out->count = path_.Uint64(entry);
    } else if (name == "sum") {
      out->sum = path_.Double(entry);
    } else if (name == "bucketCounts") {
      path_.ForEachElement(
          entry, [&](const json& count) { budget_.Append(out->bucket_counts) = path_.Uint64(count); });
    } else if (name == "explicitBounds") {
      path_.ForEachElement(
          entry, [&](const json& bound) { budget_.Append(out->explicit_bounds) = path_.Double(bound); });
    } else if (name == "exemplars") {
      ReadList(entry, &out->exemplars);
    } else if (name == "min") {
      out->min = path_.Double(entry);
    } else if (name == "max") {
      out->max = path_.Double(entry);
    }
  });
}

void Decoder::Read(const json& value, ExponentialHistogramDataPoint* out) {
  path_.ForEachEntry(value, [&](std::string_view name, const json& entry) {
    if (ReadCommon(name, entry, out)) return;
    if (name == "count") {
      out->count = path_.Uint64(entry);
    } else if (name == "sum") {
      out->sum = path_.Double(entry);
    } else if (name == "scale") {
      out->scale = path_.Int32(entry);
    } else if (name == "zeroCount") {
      out->zero_count = path_.Uint64(entry);
    } else if (name == "zeroThreshold") {
      out->zero_threshold = path_.Double(entry);
    } else if (name == "positive") {
      Read(entry, &out->positive);
    } else if (name == "negative") {
      Read(entry, &out->negative);
    } else if (name == "exemplars") {
      ReadList(entry, &out->exemplars);
    } else if (name == "min") {
      out->min = path_.Double(entry);
    } else if (name == "max") {
      out->max = path_.Double(entry);
    }
  });
}

void Decoder::Read(const json& value, ExponentialBuckets* out) {
  path_.ForEachEntry(value, [&](std::string_view name, const json& entry) {
    if (name == "offset") {
      out->offset = path_.Int32(entry);
    } else if (name == "bucketCounts") {
      path_.ForEachElement(entry,
                           [&](const json& count) { budget_.Append(out->counts) = path_.Uint64(count); });
    }
  });
}

void Decoder::Read(const json& value, SummaryDataPoint* out) {
  path_.ForEachEntry(value, [&](std::string_view name, const json& entry) {
    if (ReadCommon(name, entry, out)) return;
    if (name == "count") {
      out->count = path_.Uint64(entry);
    } else if (name == "sum") {
      out->sum = path_.Double(entry);
    } else if (name == "quantileValues") {
      ReadList(entry, &out->quantiles);
    }
  });
}

void Decoder::Read(const json& value, QuantileValue* out) {
  path_.ForEachEntry(value, [&](std::string_view name, const json& entry) {
    if (name == "quantile") {
      out->quantile = path_.Double(entry);
    } else if (name == "value") {
      out->value = path_.Double(entry);
    }
  });
}

void Decoder::Read(const json& value, ExemplarMessage* out) {
  constexpr size_t kTraceBytes = 16;
  constexpr size_t kSpanBytes = 8;
  path_.ForEachEntry(value, [&](std::string_view name, const json& entry) {
    if (name == "timeUnixNano") {
      out->time = path_.Uint64(entry);
    } else if (name == "asDouble") {
      out->value = path_.Double(entry);
    } else if (name == "asInt") {
      out->value = path_.Int64(entry);
    } else if (name == "spanId") {
      out->span_id = path_.Id(entry, kSpanBytes);
    } else if (name == "traceId") {
      out->trace_id = path_.Id(entry, kTraceBytes);
    } else if (name == "filteredAttributes") {
      ReadList(entry, &out->filtered_attributes);
    }
  });
}

void Decoder::ReadKeyValue(const json& value, KeyValue* out, int depth) {
  path_.ForEachEntry(value, [&](std::string_view name, const json& entry) {
    if (name == "key") {
      out->key = path_.Text(entry);
    } else if (name == "value") {
      ReadValue(entry, &out->value, depth);
    }
  });
}

void Decoder::ReadValue(const json& value, AnyValue* out, int depth) {
  if (depth >= max_depth_) {
    throw Refused{{ErrorCode::kLimit, "an attribute's value is nested more than " +
                                          std::to_string(max_depth_) + " levels deep"}};
  }
  const auto read_values = [&](const json& list, const auto& each) {
    path_.ForEachEntry(list, [&](std::string_view name, const json& values) {
      if (name == "values") path_.ForEachElement(values, each);
    });
  };
  path_.ForEachEntry(value, [&](std::string_view name, const json& entry) {
    if (name == "stringValue") {
      out->value = path_.Text(entry);
    } else if (name == "boolValue") {
      out->value = path_.Bool(entry);
    } else if (name == "intValue") {
      out->value = path_.Int64(entry);
    } else if (name == "doubleValue") {
      out->value = path_.Double(entry);
    } else if (name == "arrayValue") {
      ArrayValue& array = out->value.emplace<ArrayValue>();
      read_values(entry,
                  [&](const json& element) { ReadValue(element, &budget_.Append(array.values), depth + 1); });
    } else if (name == "kvlistValue") {
      KeyValueList& map = out->value.emplace<KeyValueList>();
      read_values(
          entry, [&](const json& element) { ReadKeyValue(element, &budget_.Append(map.values), depth + 1); });
    } else if (name == "bytesValue") {
      out->value = BytesValue{path_.Bytes(entry)};
    }
  });
}

}  // namespace

Result<MetricsRequest> DecodeJson(std::string_view text, const DecodeLimits& limits) {
  // From the request down to an attribute's value, and for each value within a value.
  constexpr int kEnvelopeDepth = 32;
  constexpr int kDepthOfValue = 4;
  if (text.size() > limits.max_bytes) {
    return Fail(ErrorCode::kLimit, "the request has " + std::to_string(text.size()) +
                                       " bytes, more than the " + std::to_string(limits.max_bytes) +
                                       " that are taken");
  }
  MetricsRequest out;
  try {
    const json document = ParseJson(text, {.max_memory = limits.max_memory,
                                           .max_depth = kEnvelopeDepth + kDepthOfValue * limits.max_depth});
    Decoder(limits).Read(document, &out);
  } catch (const Refused& refused) {
    return Fail(refused.error.code, "OTLP metrics: " + refused.error.message);
  }
  return out;
}

}  // namespace sidelight::otlp
