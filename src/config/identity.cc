#include "src/config/identity.h"

#include <unistd.h>

#include <array>
#include <climits>
#include <utility>

namespace sidelight::config {

std::string DefaultService(const Environment& environment) {
  const std::optional<std::string> name = environment("OTEL_SERVICE_NAME");
  return name && !name->empty() ? *name : "unknown_service";
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
