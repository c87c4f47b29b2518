#include "src/config/identity.h"

#include <unistd.h>

#include <array>
#include <climits>
#include <utility>
#include <variant>

#include "exporters/otlp/settings.h"

namespace sidelight::config {

std::string DefaultService(const Environment& environment) {
  const std::optional<std::string> name = environment("OTEL_SERVICE_NAME");
  if (name && !name->empty()) return *name;
  // What is wrong with the variable is said where all of it is read.
  const Result<otlp::Resource> resource = otlp::ResourceFrom("", "", environment);
  if (!resource) return "unknown_service";
  for (const otlp::Attribute& attribute : resource->attributes) {
    const auto* const value = std::get_if<std::string>(&attribute.value);
    if (attribute.key == "service.name" && value != nullptr && !value->empty()) return *value;
  }
  return "unknown_service";
}

std::string DefaultInstance(const Environment& environment) {
  const std::optional<std::string> pod = environment("POD_NAME");
  return pod && !pod->empty() ? *pod : HostName();
}

std::map<std::string, std::string> DefaultExternalLabels(const std::string& service,
                                                         const Environment& environment) {
  std::map<std::string, std::string> labels = {{"service", service}};
  constexpr std::pair<const char*, const char*> kFromKubernetes[] = {{"namespace", "POD_NAMESPACE"},
                                                                     {"pod", "POD_NAME"}};
  for (const auto& [label, variable] : kFromKubernetes) {
    std::optional<std::string> value = environment(variable);
    if (value && !value->empty()) labels[label] = *std::move(value);
  }
  return labels;
}

std::string HostName() {
  // A name that was cut has no end of its own.
  std::array<char, HOST_NAME_MAX + 1> host{};
  if (gethostname(host.data(), host.size() - 1) != 0 || host[0] == '\0') return "localhost";
  return host.data();
}

}  // namespace sidelight::config
