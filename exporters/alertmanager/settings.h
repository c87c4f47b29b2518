// The settings of the sender: what `alerting` of the configuration says.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/http/client_settings.h"
#include "core/http/url.h"
#include "core/model/labels.h"
#include "core/relabel/relabel.h"
#include "core/yaml/yaml.h"

namespace sidelight::alertmanager {

struct Destination {
  http::Url url;  // alerts go to its path and then /api/v2/alerts
  http::ClientSettings client;
  Duration timeout = std::chrono::seconds(10);
  std::vector<relabel::Rule> alert_relabel_configs;  // after those of all
};

struct Settings {
  std::vector<Destination> alertmanagers;
  std::vector<relabel::Rule> alert_relabel_configs;
  Labels external_labels;          // not from `alerting`: the configuration's identity
  size_t queue_capacity = 10'000;  // alerts, for each Alertmanager
  size_t max_batch = 256;          // alerts in one request
  // A connection on which nothing was sent for so long is closed. The resends of an alert are a minute apart.
  Duration idle_limit = std::chrono::seconds(90);
};

// Reads `alertmanagers` (url, path_prefix, timeout, alert_relabel_configs and the keys of http_config) and
// `alert_relabel_configs` from the mapping of `alerting`; the caller calls Finish().
void Decode(yaml::Mapping& alerting, Settings* out);

}  // namespace sidelight::alertmanager
