#include "core/yaml/environment.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "core/yaml/source.h"

namespace sidelight::yaml {
namespace {

constexpr std::string_view kOpen = "${env:";

bool IsVariableName(std::string_view name) {
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0]))) return false;
  return std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return c < 0x80 && (std::isalnum(c) || c == '_'); });
}

void ReplaceAll(std::string& text, std::string_view from, std::string_view to) {
  if (from.empty()) return;
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

}  // namespace

Result<Expansion> Expand(std::string_view text, const Environment& environment) {
  Expansion expansion;
  for (size_t i = 0; i < text.size();) {
    const std::string_view rest = text.substr(i);
    if (rest.starts_with("$$")) {
      expansion.text += '$';
      i += 2;
      continue;
    }
    if (!rest.starts_with(kOpen)) {
      expansion.text += text[i++];
      continue;
    }
    const size_t close = rest.find('}');
    if (close == std::string_view::npos) {
      return Fail(ErrorCode::kInvalidArgument,
                  "\"${env:\" has no closing \"}\"; a plain dollar is written as \"$$\"");
    }
    const std::string name(rest.substr(kOpen.size(), close - kOpen.size()));
    if (!IsVariableName(name)) {
      return Fail(
          ErrorCode::kInvalidArgument,
          fmt::format("{} is no name of an environment variable; the form is ${{env:NAME}}", Quoted(name)));
    }
    std::optional<std::string> value = environment(name);
    if (!value) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("the environment variable {} is not set", Quoted(name)));
    }
    expansion.text += *value;
    expansion.used.emplace_back(name, std::move(*value));
    i += close + 1;
  }
  return expansion;
}

std::string Redact(std::string message, std::string_view raw, const Expansion& expansion) {
  if (expansion.used.empty()) return message;
  ReplaceAll(message, expansion.text, raw);
  // The longest first, lest a part of one be left over by another.
  auto used = expansion.used;
  std::sort(used.begin(), used.end(),
            [](const auto& a, const auto& b) { return a.second.size() > b.second.size(); });
  for (const auto& [name, value] : used) {
    // A letter or two are no secret, and would turn up in the message's own words.
    if (value.size() > 2) ReplaceAll(message, value, fmt::format("${{env:{}}}", name));
  }
  return message;
}

std::optional<std::string> ProcessEnvironment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

}  // namespace sidelight::yaml
