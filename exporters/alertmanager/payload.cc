#include "exporters/alertmanager/payload.h"

#include <nlohmann/json.hpp>

#include "core/base/clock.h"

namespace sidelight::alertmanager {
namespace {

using Json = nlohmann::ordered_json;

Json ObjectOf(const Labels& labels) {
  Json object = Json::object();
  for (const auto& [name, value] : labels) object[std::string(name)] = std::string(value);
  return object;
}

}  // namespace

std::string Payload(std::span<const SharedAlert> alerts) {
  Json array = Json::array();
  for (const SharedAlert& alert : alerts) {
    Json object = {
        {"labels", ObjectOf(alert->labels)},
        {"annotations", ObjectOf(alert->annotations)},
        {"startsAt", FormatRfc3339(alert->starts_at)},
        {"endsAt", FormatRfc3339(alert->ends_at)},
    };
    if (!alert->generator_url.empty()) object["generatorURL"] = alert->generator_url;
    array.push_back(std::move(object));
  }
  return array.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace sidelight::alertmanager
