#include "collector/meter/options.h"

#include <fmt/format.h>

#include "core/model/naming.h"

namespace sidelight::meter {
namespace {

void DecodePatterns(const yaml::Node& list, std::vector<RoutePattern>* out) {
  for (const yaml::Node& node : list.AsSequence()) {
    std::string text;
    if (!node.Read(&text)) continue;
    Result<RoutePattern> pattern = RoutePattern::Parse(text);
    if (!pattern) {
      node.Fail(pattern.error().message);
      continue;
    }
    const RoutePattern* twin = nullptr;
    for (const RoutePattern& other : *out) {
      if (other.SamePaths(*pattern)) twin = &other;
    }
    if (twin != nullptr) {
      node.Fail(
          fmt::format("\"{}\" matches the same paths as \"{}\" above; keep one of them", text, twin->text()));
      continue;
    }
    out->push_back(std::move(*pattern));
  }
}

// Under these a family of the tap's could take the name of another one, with other labels:
// sidelight_api_requests_total, http_server_request_duration_seconds.
bool IsReserved(std::string_view prefix) {
  const std::string start = fmt::format("{}_", prefix);
  for (const std::string_view taken : {"sidelight_", "http_server_", "http_client_"}) {
    if (start.starts_with(taken)) return true;
  }
  return false;
}

void DecodeNaming(const yaml::Node& node, Naming* out) {
  if (!node.IsMapping()) {
    node.Fail("naming is a mapping, as in {style: otel} or {style: plain, prefix: my_api}");
    return;
  }
  yaml::Mapping mapping = node.AsMapping();
  Naming naming;
  if (const auto style = mapping.OneOf("style", {"otel", "plain"})) {
    naming.style = *style == 0 ? NamingStyle::kOtel : NamingStyle::kPlain;
  }
  if (const yaml::Node prefix = mapping.Get("prefix"); prefix && prefix.Read(&naming.prefix)) {
    // A colon is legal in a metric's name, but by convention only recording rules write it.
    if (!IsClassicLabelName(naming.prefix)) {
      prefix.Fail(fmt::format(
          "\"{}\" cannot begin a metric's name; use letters, digits and '_', as in my_api", naming.prefix));
    } else if (naming.style == NamingStyle::kPlain && IsReserved(naming.prefix)) {
      prefix.Fail(
          fmt::format("\"{}\" begins names that Sidelight gives to metrics of its own; choose another prefix",
                      naming.prefix));
    } else if (naming.style == NamingStyle::kOtel) {
      prefix.Fail("a prefix goes with {style: plain} only; OpenTelemetry's names are fixed");
    }
  } else if (!prefix && naming.style == NamingStyle::kPlain) {
    mapping.Fail("naming plain needs a prefix for its metrics, as in {style: plain, prefix: my_api}");
  }
  mapping.Finish();
  *out = std::move(naming);
}

}  // namespace

void Decode(yaml::Mapping& mapping, Options* out) {
  if (const auto role = mapping.OneOf("role", {"server", "client"})) {
    out->role = *role == 0 ? Role::kServer : Role::kClient;
  }
  if (const yaml::Node routes = mapping.Get("routes")) DecodePatterns(routes, &out->routes);
  if (const yaml::Node ignore = mapping.Get("ignore")) DecodePatterns(ignore, &out->ignore);
  if (const yaml::Node naming = mapping.Get("naming")) DecodeNaming(naming, &out->naming);
}

}  // namespace sidelight::meter
