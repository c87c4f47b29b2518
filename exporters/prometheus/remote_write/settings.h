// The settings of remote write: an entry of `exporters.remote_write`, whose keys are those of Prometheus'
// remote_write.
//
// Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#remote_write .
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/http/client_settings.h"
#include "core/http/url.h"
#include "core/relabel/relabel.h"
#include "core/yaml/yaml.h"

namespace sidelight::remote_write {

enum class Message : uint8_t {
  kWrite1,  // prometheus.WriteRequest
  kWrite2,  // io.prometheus.write.v2.Request
};

struct Destination {
  std::string name;  // what logs and metrics call it; the URL unless it is given
  http::Url url;
  http::ClientSettings client;
  Duration timeout = std::chrono::seconds(30);
  Message message = Message::kWrite1;
  bool send_exemplars = false;
  bool send_native_histograms = false;
  bool send_metadata = true;                             // of 1.0, which has it apart from series
  Duration metadata_interval = std::chrono::minutes(1);  // how often then
  std::vector<relabel::Rule> write_relabel_configs;

  uint32_t shards = 4;  // each has its own series, whose samples stay in order
  size_t max_samples_per_send = 2000;
  Duration batch_send_deadline = std::chrono::seconds(5);
  Duration min_backoff = std::chrono::milliseconds(30);
  Duration max_backoff = std::chrono::seconds(5);

  friend bool operator==(const Destination&, const Destination&) = default;
};

// Reads the list `exporters.remote_write`; what is wrong is recorded at its node.
void Decode(const yaml::Node& list, std::vector<Destination>* out);

}  // namespace sidelight::remote_write
