#include <protozero/exception.hpp>
#include <string>

#include "core/base/utf8.h"
#include "core/wire/otlp/decode.h"
#include "core/wire/otlp/protobuf_reader.h"

namespace sidelight::otlp {

using protozero::pbf_reader;
using wire::Refused;

void ProtobufReader::TakeBytes(pbf_reader& message, std::string* out) {
  const protozero::data_view view = message.get_view();
  budget_.Charge(view.size());
  out->assign(view.data(), view.size());
}

void ProtobufReader::TakeText(pbf_reader& message, std::string* out) {
  TakeBytes(message, out);
  if (!IsValidUtf8(*out)) throw Refused{{ErrorCode::kInvalidArgument, "a text in it is not UTF-8"}};
}

void ProtobufReader::Read(pbf_reader message, MetricsRequest* out) {
  while (message.next()) {
    switch (message.tag_and_type()) {
      case Text(request_field::kResourceMetrics):
        Add(message, &out->resources);
        break;
      default:
        message.skip();
    }
  }
}

void ProtobufReader::Read(pbf_reader message, ResourceMetrics* out) {
  while (message.next()) {
    switch (message.tag_and_type()) {
      case Text(resource_metrics_field::kResource):
        ReadResource(message.get_message(), &out->resource);
        break;
      case Text(resource_metrics_field::kScopeMetrics):
        Add(message, &out->scopes);
        break;
      case Text(resource_metrics_field::kSchemaUrl):
        TakeText(message, &out->schema_url);
        break;
      default:
        message.skip();
    }
  }
}

void ProtobufReader::ReadResource(pbf_reader message, std::vector<KeyValue>* out) {
  while (message.next()) {
    switch (message.tag_and_type()) {
      case Text(resource_field::kAttributes):
        AddKeyValue(message, out);
        break;
      default:
        message.skip();
    }
  }
}

void ProtobufReader::Read(pbf_reader message, ScopeMetrics* out) {
  while (message.next()) {
    switch (message.tag_and_type()) {
      case Text(scope_metrics_field::kScope):
        Read(message.get_message(), &out->scope);
        break;
      case Text(scope_metrics_field::kMetrics):
        Add(message, &out->metrics);
        break;
      case Text(scope_metrics_field::kSchemaUrl):
        TakeText(message, &out->schema_url);
        break;
      default:
        message.skip();
    }
  }
}

void ProtobufReader::Read(pbf_reader message, ScopeMessage* out) {
  while (message.next()) {
    switch (message.tag_and_type()) {
      case Text(scope_field::kName):
        TakeText(message, &out->name);
        break;
      case Text(scope_field::kVersion):
        TakeText(message, &out->version);
        break;
      case Text(scope_field::kAttributes):
        AddKeyValue(message, &out->attributes);
        break;
      default:
        message.skip();
    }
  }
}

// A field of a oneof that comes again joins what it has; another one takes its place.
template <class Data>
Data* ProtobufReader::DataOf(MetricMessage* metric) {
  if (!std::holds_alternative<Data>(metric->data)) metric->data.emplace<Data>();
  return &std::get<Data>(metric->data);
}

void ProtobufReader::Read(pbf_reader message, MetricMessage* out) {
  while (message.next()) {
    switch (message.tag_and_type()) {
      case Text(metric_field::kName):
        TakeText(message, &out->name);
        break;
      case Text(metric_field::kDescription):
        TakeText(message, &out->description);
        break;
      case Text(metric_field::kUnit):
        TakeText(message, &out->unit);
        break;
      case Text(metric_field::kGauge):
        ReadData(message.get_message(), DataOf<GaugeData>(out));
        break;
      case Text(metric_field::kSum):
        ReadData(message.get_message(), DataOf<SumData>(out));
        break;
      case Text(metric_field::kHistogram):
        ReadData(message.get_message(), DataOf<HistogramData>(out));
        break;
      case Text(metric_field::kExponentialHistogram):
        ReadData(message.get_message(), DataOf<ExponentialHistogramData>(out));
        break;
      case Text(metric_field::kSummary):
        ReadData(message.get_message(), DataOf<SummaryData>(out));
        break;
      case Text(metric_field::kMetadata):
        AddKeyValue(message, &out->metadata);
        break;
      default:
        message.skip();
    }
  }
}

template <class Data>
void ProtobufReader::ReadData(pbf_reader message, Data* out) {
  while (message.next()) {
    switch (message.tag_and_type()) {
      case Text(data_field::kDataPoints):
        Add(message, &out->points);
        break;
      case Varint(data_field::kAggregationTemporality):
        if constexpr (requires { out->temporality; }) {
          out->temporality = static_cast<AggregationTemporality>(message.get_enum());
        } else {
          message.skip();
        }
        break;
      case Varint(data_field::kIsMonotonic):
        if constexpr (requires { out->monotonic; }) {
          out->monotonic = message.get_bool();
        } else {
          message.skip();
        }
        break;
      default:
        message.skip();
    }
  }
}

void ProtobufReader::ReadKeyValue(pbf_reader message, KeyValue* out, int depth) {
  while (message.next()) {
    switch (message.tag_and_type()) {
      case Text(key_value_field::kKey):
        TakeText(message, &out->key);
        break;
      case Text(key_value_field::kValue):
        ReadValue(message.get_message(), &out->value, depth);
        break;
      default:
        message.skip();
    }
  }
}

void ProtobufReader::ReadValue(pbf_reader message, AnyValue* out, int depth) {
  if (depth >= max_depth_) {
    throw Refused{{ErrorCode::kLimit, "an attribute's value is nested more than " +
                                          std::to_string(max_depth_) + " levels deep"}};
  }
  while (message.next()) {
    switch (message.tag_and_type()) {
      case Text(any_value_field::kString):
        TakeText(message, &out->value.emplace<std::string>());
        break;
      case Varint(any_value_field::kBool):
        out->value = message.get_bool();
        break;
      case Varint(any_value_field::kInt):
        out->value = message.get_int64();
        break;
      case Fixed(any_value_field::kDouble):
        out->value = message.get_double();
        break;
      case Text(any_value_field::kArray): {
        ArrayValue& array = out->value.emplace<ArrayValue>();
        pbf_reader list = message.get_message();
        while (list.next()) {
          if (list.tag_and_type() == Text(list_field::kValues)) {
            ReadValue(list.get_message(), &budget_.Append(array.values), depth + 1);
          } else {
            list.skip();
          }
        }
        break;
      }
      case Text(any_value_field::kKeyValueList): {
        KeyValueList& map = out->value.emplace<KeyValueList>();
        pbf_reader list = message.get_message();
        while (list.next()) {
          if (list.tag_and_type() == Text(list_field::kValues)) {
            ReadKeyValue(list.get_message(), &budget_.Append(map.values), depth + 1);
          } else {
            list.skip();
          }
        }
        break;
      }
      case Text(any_value_field::kBytes):
        TakeBytes(message, &out->value.emplace<BytesValue>().bytes);
        break;
      default:
        message.skip();
    }
  }
}

Result<MetricsRequest> DecodeProtobuf(std::string_view bytes, const DecodeLimits& limits) {
  if (bytes.size() > limits.max_bytes) {
    return Fail(ErrorCode::kLimit, "the request has " + std::to_string(bytes.size()) +
                                       " bytes, more than the " + std::to_string(limits.max_bytes) +
                                       " that are taken");
  }
  MetricsRequest out;
  try {
    ProtobufReader(limits).Read(pbf_reader(bytes.data(), bytes.size()), &out);
  } catch (const Refused& refused) {
    return Fail(refused.error.code, "OTLP metrics: " + refused.error.message);
  } catch (const protozero::exception& broken) {
    return Fail(ErrorCode::kInvalidArgument,
                std::string("OTLP metrics: not a protobuf message: ") + broken.what());
  }
  return out;
}

}  // namespace sidelight::otlp
