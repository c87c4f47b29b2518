// Bringing back what the log has.
#pragma once

#include "core/storage/store_state.h"

namespace sidelight::storage {

// Before anything else is appended. Samples that are older than the retention are dropped again, and the
// budget is kept.
void Replay(StoreState& state);

}  // namespace sidelight::storage
