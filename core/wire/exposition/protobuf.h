// The protobuf exposition: io.prometheus.client.MetricFamily messages (client_model, metrics.proto), each
// behind its length as a varint.
#pragma once

#include <cstddef>
#include <string>

#include "core/wire/exposition/families.h"

namespace sidelight::wire {

// Appends to `*out` and returns how many series it left out because an earlier one has the same labels.
size_t WriteProtobuf(const ExposedFamilies& exposed, EscapingScheme scheme, std::string* out);

}  // namespace sidelight::wire
