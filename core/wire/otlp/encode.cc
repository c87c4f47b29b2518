#include "core/wire/otlp/encode.h"

#include "core/wire/otlp/batching.h"
#include "core/wire/otlp/json_format.h"
#include "core/wire/otlp/protobuf_format.h"

namespace sidelight::otlp {

std::vector<EncodedRequest> EncodeMetrics(const Snapshot& snapshot, const Resource& resource,
                                          const Scope& scope, const EncodeOptions& options,
                                          size_t* too_large) {
  if (options.encoding == Encoding::kProtobuf) {
    ProtobufFormat format(snapshot, resource, scope, options.temporality);
    return Batching<ProtobufFormat>(format, options).Run(snapshot, too_large);
  }
  JsonFormat format(snapshot, resource, scope, options.temporality);
  return Batching<JsonFormat>(format, options).Run(snapshot, too_large);
}

}  // namespace sidelight::otlp
