// JSON as the events that yaml-cpp gives of YAML. JSON is YAML, but yaml-cpp reads a `{...}` to its end
// before its first event, at some hundred bytes per token, and knows no surrogate pairs; this reads any
// length as it comes. nlohmann-json's events have no places, and an error without its line is none of ours.
//
// Source: RFC 8259.
#pragma once

#include <yaml-cpp/eventhandler.h>

#include <optional>
#include <string_view>

#include "core/yaml/source.h"

namespace sidelight::yaml {

// Whether it begins as JSON's objects and lists do, which YAML's in flow style do as well.
bool LooksLikeJson(std::string_view text);

// Hands the one value of the text to `events`; keys and strings are quoted scalars, numbers and words plain
// ones. Keeps a byte for each open collection and does not recurse. Nothing when all of it was JSON; else the
// place where it is none any more, and what belongs there. Passes on what `events` throws.
std::optional<Problem> ReadJson(std::string_view text, YAML::EventHandler& events);

}  // namespace sidelight::yaml
