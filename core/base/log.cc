#include "core/base/log.h"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <memory>

#include "core/base/clock.h"
#include "core/base/utf8.h"

namespace sidelight::log {
namespace {

std::atomic<Format> active_format{Format::kJson};

spdlog::logger& Logger() {
  static spdlog::logger& logger = []() -> spdlog::logger& {
    // Never destroyed: threads may outlive main().
    auto* made = new spdlog::logger("sidelight", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%v");
    made->flush_on(spdlog::level::trace);
    return *made;
  }();
  return logger;
}

spdlog::level::level_enum ToSpdlog(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarn:
      return spdlog::level::warn;
    case Level::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

std::string_view Name(Level level) {
  switch (level) {
    case Level::kDebug:
      return "debug";
    case Level::kInfo:
      return "info";
    case Level::kWarn:
      return "warn";
    case Level::kError:
      return "error";
  }
  return "info";
}

// A field may carry bytes from outside; what is no UTF-8 would make the whole line unreadable.
void AppendJsonString(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const size_t length = Utf8Length(text);
    const char c = text.front();
    if (length == 0) {
      out += "\\ufffd";
    } else if (c == '"') {
      out += "\\\"";
    } else if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  out += '"';
}

// A value of a text line is quoted only when it would not read as one word, and never spans lines.
void AppendTextValue(std::string& out, std::string_view text) {
  const bool plain = !text.empty() && IsValidUtf8(text) && std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) > ' ' && c != 0x7f && c != '"' && c != '=' && c != '\\';
  });
  if (plain) {
    out += text;
  } else {
    AppendJsonString(out, text);
  }
}

using Fields = std::span<const Field>;

std::string Render(Format format, Level level, std::string_view time, std::string_view message,
                   Fields fields) {
  std::string line;
  if (format == Format::kJson) {
    line += "{\"time\":";
    AppendJsonString(line, time);
    line += ",\"level\":";
    AppendJsonString(line, Name(level));
    line += ",\"msg\":";
    AppendJsonString(line, message);
    for (const Field& field : fields) {
      line += ',';
      AppendJsonString(line, field.key);
      line += ':';
      AppendJsonString(line, field.value);
    }
    line += '}';
    return line;
  }
  line = fmt::format("{} {:5} {}", time, Name(level), message);
  for (const Field& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    AppendTextValue(line, field.value);
  }
  return line;
}

void Write(Level level, std::string_view message, Fields fields) {
  spdlog::logger& logger = Logger();
  if (!logger.should_log(ToSpdlog(level))) return;
  logger.log(ToSpdlog(level),
             spdlog::string_view_t(Render(active_format.load(std::memory_order_relaxed), level,
                                          FormatRfc3339(SystemClock().UnixNow()), message, fields)));
}

}  // namespace

void Configure(Format format, Level level) {
  active_format.store(format, std::memory_order_relaxed);
  Logger().set_level(ToSpdlog(level));
}

std::string Render(Format format, Level level, std::string_view time, std::string_view message,
                   std::initializer_list<Field> fields) {
  return Render(format, level, time, message, Fields(fields));
}

void Debug(std::string_view message, std::initializer_list<Field> fields) {
  Write(Level::kDebug, message, Fields(fields));
}
void Info(std::string_view message, std::initializer_list<Field> fields) {
  Write(Level::kInfo, message, Fields(fields));
}
void Warn(std::string_view message, std::initializer_list<Field> fields) {
  Write(Level::kWarn, message, Fields(fields));
}
void Warn(std::string_view message, std::span<const Field> fields) {
  Write(Level::kWarn, message, fields);
}
void Error(std::string_view message, std::initializer_list<Field> fields) {
  Write(Level::kError, message, Fields(fields));
}

}  // namespace sidelight::log
