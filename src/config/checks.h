// What no single key shows: taps, and listening addresses, that exclude each other.
#pragma once

#include <functional>
#include <string>

#include "src/config/config.h"

namespace sidelight::config {

// Where a clash is to be shown.
enum class Place { kProbeListen, kTapName, kTapListen, kTapPrefix };

// Called with the index of the tap, 0 for kProbeListen.
using FailAt = std::function<void(Place place, size_t tap, std::string message)>;

// Names the later one of two that clash. Addresses and names that could not be read are passed over.
void CheckClashes(const Config& config, const FailAt& fail);

}  // namespace sidelight::config
