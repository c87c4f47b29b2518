#include "collector/protocols/http1/methods.h"

#include <cstdlib>

namespace sidelight::http1 {
namespace {

constexpr std::string_view kDefault = "GET,POST,PUT,DELETE,HEAD,PATCH,OPTIONS,QUERY,CONNECT,TRACE";

std::vector<std::string> Split(std::string_view list) {
  std::vector<std::string> names;
  while (!list.empty() && names.size() < KnownMethods::kMost) {
    const size_t comma = list.find(',');
    std::string_view name = list.substr(0, comma);
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    const size_t first = name.find_first_not_of(" \t");
    if (first == std::string_view::npos) continue;
    name = name.substr(first, name.find_last_not_of(" \t") - first + 1);
    names.emplace_back(name);
  }
  return names;
}

}  // namespace

KnownMethods::KnownMethods() : methods_(Split(kDefault)) {}

KnownMethods::KnownMethods(std::string_view list) : methods_(Split(list)) {
  if (methods_.empty()) methods_ = Split(kDefault);
}

const KnownMethods& KnownMethods::FromEnvironment() {
  static const KnownMethods methods = [] {
    const char* list = std::getenv("OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS");
    return list == nullptr ? KnownMethods() : KnownMethods(list);
  }();
  return methods;
}

std::string_view KnownMethods::Canonical(std::string_view token) const {
  for (const std::string& method : methods_) {
    if (method.size() != token.size()) continue;
    // By hand: for three letters, calling memcmp costs more than comparing.
    size_t same = 0;
    while (same < token.size() && method[same] == token[same]) ++same;
    if (same == token.size()) return method;
  }
  return kOtherMethod;
}

}  // namespace sidelight::http1
