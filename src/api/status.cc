#include "src/api/status.h"

#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "src/api/cardinality.h"
#include "src/api/query_parameters.h"
#include "src/api/request_parameters.h"

namespace sidelight::api {
namespace {

using nlohmann::ordered_json;

// The Prometheus whose API and PromQL these are: Grafana decides by it what it may ask for. A version of ours
// here, 0.1.0, it would take for a Prometheus that knows next to nothing.
constexpr char kPrometheusVersion[] = "3.14.0";

ordered_json BuildInfo(const StatusHooks& hooks) {
  return {{"version", kPrometheusVersion},
          {"revision", "sidelight-" + hooks.version},
          {"branch", ""},
          {"buildUser", ""},
          {"buildDate", ""},
          {"goVersion", ""}};
}

ordered_json Flags(const StatusHooks& hooks) {
  ordered_json flags = ordered_json::object();
  for (const auto& [name, value] : hooks.flags()) flags[name] = value;
  return flags;
}

ordered_json Runtime(const StatusHooks& hooks) {
  const RuntimeInfo info = hooks.runtime();
  const storage::StoreStats storage = hooks.storage();
  return {{"startTime", FormatRfc3339(info.started)},
          {"CWD", info.directory},
          {"hostname", info.host},
          {"serverTime", FormatRfc3339(info.now)},
          {"reloadConfigSuccess", info.reloaded},
          {"lastConfigTime", FormatRfc3339(info.last_reload)},
          {"corruptionCount", storage.log_set_aside + storage.log_torn},
          // What Go's scheduler and memory are to Prometheus: the threads, and what is not there.
          {"goroutineCount", info.threads},
          {"GOMAXPROCS", info.cpus},
          {"GOMEMLIMIT", std::numeric_limits<int64_t>::max()},
          {"GOGC", ""},
          {"GODEBUG", ""},
          {"storageRetention", hooks.retention}};
}

ordered_json ListOf(const std::vector<Cardinality::Item>& items) {
  ordered_json list = ordered_json::array();
  for (const Cardinality::Item& item : items) list.push_back({{"name", item.name}, {"value", item.value}});
  return list;
}

Answer Storage(const StatusHooks& hooks, const http::Request& request) {
  constexpr size_t kUsual = 10;
  constexpr size_t kMost = 10'000;
  size_t limit = kUsual;
  if (const std::string_view text = FirstOf(request.query, "limit"); !text.empty()) {
    const Result<int64_t> given = ParseInteger(text);
    if (!given || *given < 1) return BadData("limit must be a positive number");
    limit = static_cast<size_t>(*given);
    if (limit > kMost) return BadData(fmt::format("limit must not exceed {}", kMost));
  }
  const storage::StoreStats stats = hooks.storage();
  const Cardinality all = CountSeries(*hooks.data, limit);
  return Success({{"headStats",
                   {{"numSeries", stats.series},
                    {"numLabelPairs", all.label_pairs},
                    {"chunkCount", stats.chunks},
                    {"minTime", hooks.oldest()},
                    {"maxTime", stats.newest}}},
                  {"seriesCountByMetricName", ListOf(all.metric_series)},
                  {"labelValueCountByLabelName", ListOf(all.label_values)},
                  {"memoryInBytesByLabelName", ListOf(all.label_bytes)},
                  {"seriesCountByLabelValuePair", ListOf(all.label_pair_series)}});
}

// The log is read back before anything listens, so whoever asks finds that it is done.
ordered_json Replay(const StatusHooks& hooks) {
  const size_t segments = hooks.storage().log_segments;
  return {{"min", 0}, {"max", segments}, {"current", segments}};
}

ordered_json Notifications(const StatusHooks& hooks) {
  ordered_json list = ordered_json::array();
  if (const RuntimeInfo info = hooks.runtime(); !info.reloaded) {
    list.push_back({{"text", "Configuration reload has failed."},
                    {"date", FormatRfc3339(info.last_failure)},
                    {"active", true}});
  }
  return list;
}

}  // namespace

void AddStatus(const StatusHooks& hooks, Router* router) {
  if (!hooks.runtime) return;
  const auto add = [&](std::string path, ordered_json (*data)(const StatusHooks&)) {
    router->Add("GET", std::move(path),
                [&hooks, data](const Call&) -> Answer { return Success(data(hooks)); });
  };
  add("/api/v1/status/buildinfo", &BuildInfo);
  add("/api/v1/status/flags", &Flags);
  add("/api/v1/status/runtimeinfo", &Runtime);
  add("/api/v1/status/walreplay", &Replay);
  add("/api/v1/notifications", &Notifications);
  router->Add("GET", "/api/v1/status/config", [&hooks](const Call&) -> Answer {
    return Success({{"yaml", hooks.config()}});
  });
  router->Add("GET", "/api/v1/status/tsdb",
              [&hooks](const Call& call) { return Storage(hooks, call.request); });
  router->Add("GET", "/api/v1/features",
              [&hooks](const Call&) -> Answer { return DataResponse(WriteFeatures(hooks.features)); });
}

}  // namespace sidelight::api
