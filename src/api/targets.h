// /api/v1/targets, /api/v1/targets/metadata, /api/v1/scrape_pools and /api/v1/alertmanagers: what is measured
// and who gets the alerts, in the form in which Prometheus names what it scrapes.
//
// Sidelight scrapes nobody. Its targets are its taps, one each, in a pool of the tap's name: healthy while
// the last connection reached the upstream. What a scrape is to Prometheus is to us the sampling.
//
// Errors are Problems whose code is Prometheus' errorType: bad_data (400) for what a parameter says.
//
// Source: https://prometheus.io/docs/prometheus/latest/querying/api/#targets .
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/model/snapshot.h"
#include "src/api/router.h"

namespace sidelight::api {

struct Target {
  enum class Health { kUnknown, kUp, kDown };

  std::string tap;
  std::string protocol;
  std::string listen;    // where the tap's clients come
  std::string upstream;  // whom it is about
  Health health = Health::kUnknown;
  std::string last_error;  // of kDown
};

// How and when all targets are sampled.
struct Sampling {
  std::string job;  // the two labels of all series
  std::string instance;
  Duration interval{};
  std::optional<UnixMillis> last;  // nothing: not yet
  Duration last_took{};
};

struct TargetHooks {
  std::function<std::vector<Target>()> targets;
  std::function<Sampling()> sampling;
  std::function<std::vector<std::string>()> alertmanagers;  // URLs without secrets
};

// Adds those endpoints, unless the hooks are empty: then none of them is there. `collect` gives all families.
// `hooks` outlives the router.
void AddTargets(const TargetHooks& hooks, std::function<std::shared_ptr<const Snapshot>()> collect,
                Router* router);

}  // namespace sidelight::api
