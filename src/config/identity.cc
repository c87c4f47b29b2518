#include "src/config/identity.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace sidelight::config {

std::string DefaultService(const Environment& environment) {
  const std::optional<std::string> name = environment("OTEL_SERVICE_NAME");
  return name && !name->empty() ? *name : "unknown_service";
}

Labels ExternalLabels(const std::vector<std::pair<std::string, std::string>>& given,
                      const std::string& service, const Environment& environment) {
  const std::pair<std::string, std::string> defaults[] = {
      {"service", service},
      {"namespace", environment("POD_NAMESPACE").value_or("")},
      {"pod", environment("POD_NAME").value_or("")},
  };
  std::vector<Label> labels;
  for (const auto& [name, value] : defaults) labels.push_back({name, value});
  // Of a name that comes twice the last value counts, and an empty one is no label.
  for (const auto& [name, value] : given) labels.push_back({name, value});
  return Labels(labels);
}

}  // namespace sidelight::config
