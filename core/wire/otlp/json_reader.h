// Reading protobuf's JSON: a document within limits, and its values as the types that protobuf means. What
// does not fit is refused with its path, as in "resourceMetrics[0].scopeMetrics is no list".
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/wire/memory_budget.h"

namespace sidelight::otlp {

struct JsonLimits {
  size_t max_memory = 0;
  int max_depth = 0;  // of lists and objects within each other
};

// Throws wire::Refused for what is no JSON, or goes beyond a limit: it is looked through first, and only then
// built.
nlohmann::json ParseJson(std::string_view text, const JsonLimits& limits);

// Where a reader is; throws wire::Refused with that place.
class JsonPath {
 public:
  // One step, taken back at the end of the scope.
  class Step {
   public:
    Step(JsonPath& path, std::string_view name) : path_(path) { path.steps_.push_back({name, kNoIndex}); }
    Step(JsonPath& path, size_t index) : path_(path) { path.steps_.push_back({{}, index}); }
    ~Step() { path_.steps_.pop_back(); }
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;

   private:
    JsonPath& path_;
  };

  [[noreturn]] void Refuse(std::string_view problem) const;

  // Calls `each(name, value)` for every entry that is not null; `value` must be an object.
  template <class Each>
  void ForEachEntry(const nlohmann::json& value, const Each& each) {
    if (!value.is_object()) Refuse("is no object");
    for (auto entry = value.begin(); entry != value.end(); ++entry) {
      if (entry->is_null()) continue;
      const Step step(*this, entry.key());
      each(std::string_view(entry.key()), *entry);
    }
  }
  // Calls `each(element)`; `value` must be a list.
  template <class Each>
  void ForEachElement(const nlohmann::json& value, const Each& each) {
    if (!value.is_array()) Refuse("is no list");
    for (size_t i = 0; i < value.size(); ++i) {
      const Step step(*this, i);
      each(value[i]);
    }
  }

  std::string Text(const nlohmann::json& value) const;
  bool Bool(const nlohmann::json& value) const;
  // From a number or the text of one; Double also from "NaN", "Infinity" and "-Infinity".
  uint64_t Uint64(const nlohmann::json& value) const;
  int64_t Int64(const nlohmann::json& value) const;
  uint32_t Uint32(const nlohmann::json& value) const;
  int32_t Int32(const nlohmann::json& value) const;
  double Double(const nlohmann::json& value) const;
  // A number, not its name.
  int32_t Enum(const nlohmann::json& value) const;
  // Hexadecimal digits, of upper or lower case; `bytes` of them or none.
  std::string Id(const nlohmann::json& value, size_t bytes) const;
  // Base64, in either of its alphabets, padded or not.
  std::string Bytes(const nlohmann::json& value) const;

 private:
  static constexpr size_t kNoIndex = SIZE_MAX;
  struct At {
    std::string_view name;
    size_t index;
  };
  std::vector<At> steps_;
};

}  // namespace sidelight::otlp
