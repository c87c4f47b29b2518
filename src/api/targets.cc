#include "src/api/targets.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "core/base/letter_case.h"
#include "core/model/matcher.h"
#include "rules/promql/printer.h"
#include "src/api/metadata.h"
#include "src/api/query_parameters.h"
#include "src/api/request_parameters.h"
#include "src/api/selectors.h"

namespace sidelight::api {
namespace {

using nlohmann::ordered_json;
using Collect = std::function<std::shared_ptr<const Snapshot>()>;

std::string_view HealthWord(Target::Health health) {
  switch (health) {
    case Target::Health::kUp:
      return "up";
    case Target::Health::kDown:
      return "down";
    case Target::Health::kUnknown:
      break;
  }
  return "unknown";
}

ordered_json TargetJson(const Target& target, const Sampling& sampling) {
  const std::string url = target.protocol + "://" + target.upstream;
  const int64_t interval = std::chrono::duration_cast<std::chrono::milliseconds>(sampling.interval).count();
  return {{"discoveredLabels",
           {{"__address__", target.upstream},
            {"__meta_sidelight_listen", target.listen},
            {"__meta_sidelight_protocol", target.protocol}}},
          {"labels", {{"instance", sampling.instance}, {"job", sampling.job}, {"tap", target.tap}}},
          {"scrapePool", target.tap},
          {"scrapeUrl", url},
          {"globalUrl", url},
          {"lastError", target.last_error},
          {"lastScrape", sampling.last ? FormatRfc3339(*sampling.last) : "0001-01-01T00:00:00Z"},
          {"lastScrapeDuration", Seconds(sampling.last_took)},
          {"health", HealthWord(target.health)},
          {"scrapeInterval", promql::FormatDuration(interval)},
          {"scrapeTimeout", "0s"}};
}

Answer ListTargets(const TargetHooks& hooks, const http::Request& request) {
  const std::string state = ToLower(FirstOf(request.query, "state"));
  const std::string_view pool = FirstOf(request.query, "scrapePool");
  const bool any = state.empty() || state == "any";
  const Sampling sampling = hooks.sampling();
  ordered_json active = ordered_json::array();
  ordered_json dropped = ordered_json::object();
  for (const Target& target : hooks.targets()) {
    if (!pool.empty() && target.tap != pool) continue;
    if (any || state == "active") active.push_back(TargetJson(target, sampling));
    if (any || state == "dropped") dropped[target.tap] = 0;
  }
  return Success({{"activeTargets", std::move(active)},
                  {"droppedTargets", ordered_json::array()},
                  {"droppedTargetCounts", std::move(dropped)}});
}

// What every series has is its target: its job and its instance. There is one, as all comes from here.
Answer ListMetadata(const TargetHooks& hooks, const Collect& collect, const http::Request& request) {
  int64_t limit = -1;
  if (const std::string_view text = FirstOf(request.query, "limit"); !text.empty()) {
    const Result<int64_t> given = ParseInteger(text);
    if (!given) return BadData("limit must be a number");
    limit = *given;
  }
  const Sampling sampling = hooks.sampling();
  const Labels labels{{"instance", sampling.instance}, {"job", sampling.job}};
  bool wanted = limit != 0;
  if (const std::string_view text = FirstOf(request.query, "match_target"); !text.empty()) {
    const auto selectors = ReadSelectors({std::string(text)});
    if (!selectors) return BadParameter("match_target", selectors.error().message);
    const std::vector<Matcher>& matchers = selectors->front();
    wanted = wanted && std::all_of(matchers.begin(), matchers.end(), [&](const Matcher& matcher) {
               return matcher.Matches(labels.Get(matcher.name()));
             });
  }
  const std::string_view metric = FirstOf(request.query, "metric");
  ordered_json list = ordered_json::array();
  const std::shared_ptr<const Snapshot> snapshot = wanted ? collect() : std::make_shared<Snapshot>();
  for (const MetricFamily& family : snapshot->families) {
    if (!metric.empty() && family.name != metric) continue;
    ordered_json entry = {{"target", {{"instance", sampling.instance}, {"job", sampling.job}}}};
    if (metric.empty()) entry["metric"] = family.name;
    entry["type"] = MetricTypeWord(family.type);
    entry["help"] = family.help;
    entry["unit"] = family.unit;
    list.push_back(std::move(entry));
  }
  if (list.empty()) return Refuse(404, "not_found", "specified metadata not found");
  return Success(list);
}

Answer ListPools(const TargetHooks& hooks) {
  std::vector<std::string> pools;
  for (Target& target : hooks.targets()) pools.push_back(std::move(target.tap));
  std::sort(pools.begin(), pools.end());
  return Success({{"scrapePools", std::move(pools)}});
}

Answer ListAlertmanagers(const TargetHooks& hooks) {
  ordered_json active = ordered_json::array();
  for (const std::string& url : hooks.alertmanagers()) active.push_back({{"url", url}});
  return Success(
      {{"activeAlertmanagers", std::move(active)}, {"droppedAlertmanagers", ordered_json::array()}});
}

}  // namespace

void AddTargets(const TargetHooks& hooks, Collect collect, Router* router) {
  if (!hooks.targets) return;
  router->Add("GET", "/api/v1/targets",
              [&hooks](const Call& call) { return ListTargets(hooks, call.request); });
  router->Add("GET", "/api/v1/targets/metadata", [&hooks, collect = std::move(collect)](const Call& call) {
    return ListMetadata(hooks, collect, call.request);
  });
  router->Add("GET", "/api/v1/scrape_pools", [&hooks](const Call&) { return ListPools(hooks); });
  router->Add("GET", "/api/v1/alertmanagers", [&hooks](const Call&) { return ListAlertmanagers(hooks); });
}

}  // namespace sidelight::api
