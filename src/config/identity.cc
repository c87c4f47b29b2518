#include "src/config/identity.h"

#include <unistd.h>

#include <array>
#include <climits>

namespace sidelight::config {

std::string DefaultService(const Environment& environment) {
  const std::optional<std::string> name = environment("OTEL_SERVICE_NAME");
  return name && !name->empty() ? *name : "unknown_service";
}

std::string DefaultInstance(const Environment& environment) {
  const std::optional<std::string> pod = environment("POD_NAME");
  if (pod && !pod->empty()) return *pod;
  // A name that was cut has no end of its own.
  std::array<char, HOST_NAME_MAX + 1> host{};
  if (gethostname(host.data(), host.size() - 1) != 0 || host[0] == '\0') return "localhost";
  return host.data();
}

}  // namespace sidelight::config
