// Structured log lines on standard error: one sentence and its fields.
//
//   log::Warn("upstream name did not resolve", {{"tap", name}, {"upstream", address}});
//
// As JSON (the default: time, level, msg, then the fields) or as text for a terminal. Thread-safe. Fields
// never carry secrets. Not for a tap's path: what happens per request or per connection is counted, not
// logged.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace sidelight::log {

enum class Format { kJson, kText };
enum class Level { kDebug, kInfo, kWarn, kError };

struct Field {
  std::string_view key;
  std::string value;
};

// Before the first line; later calls take effect for the lines that follow.
void Configure(Format format, Level level);

void Debug(std::string_view message, std::initializer_list<Field> fields = {});
void Info(std::string_view message, std::initializer_list<Field> fields = {});
void Warn(std::string_view message, std::initializer_list<Field> fields = {});
void Error(std::string_view message, std::initializer_list<Field> fields = {});
// For fields that are put together one by one.
void Warn(std::string_view message, std::span<const Field> fields);

// The line as it would be written, without its newline; `time` is RFC 3339.
std::string Render(Format format, Level level, std::string_view time, std::string_view message,
                   std::initializer_list<Field> fields);

}  // namespace sidelight::log
