// The words that stand for choices, the same in the file and on the command line.
#pragma once

#include <array>
#include <string_view>
#include <utility>

#include "src/config/config.h"

namespace sidelight::config {

template <class Meaning>
using Choice = std::pair<std::string_view, Meaning>;

inline constexpr std::array kLifecycles = {
    Choice<Lifecycle>{"off", Lifecycle::kOff},
    Choice<Lifecycle>{"loopback", Lifecycle::kLoopback},
    Choice<Lifecycle>{"any", Lifecycle::kAny},
};

inline constexpr std::array kLogFormats = {
    Choice<log::Format>{"json", log::Format::kJson},
    Choice<log::Format>{"text", log::Format::kText},
};

inline constexpr std::array kLogLevels = {
    Choice<log::Level>{"debug", log::Level::kDebug},
    Choice<log::Level>{"info", log::Level::kInfo},
    Choice<log::Level>{"warn", log::Level::kWarn},
    Choice<log::Level>{"error", log::Level::kError},
};

}  // namespace sidelight::config
