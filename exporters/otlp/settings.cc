#include "exporters/otlp/settings.h"

#include <fmt/format.h>

#include <utility>

#include "core/relabel/metric_relabelling.h"

namespace sidelight::otlp {
namespace {

constexpr std::string_view kTarget = "/v1/metrics";
constexpr Duration kShortestInterval = std::chrono::milliseconds(100);
constexpr Duration kShortestTimeout = std::chrono::milliseconds(1);

void ReadAtLeast(const yaml::Node& node, Duration least, std::string_view least_text, Duration* out) {
  if (node && node.Read(out) && *out < least) node.Fail(fmt::format("it must be at least {}", least_text));
}

void ReadUrl(const yaml::Node& node, bool is_whole, Destination* out) {
  std::string text;
  if (!node.Read(&text)) return;
  if (Status pointed = out->PointTo(text, is_whole); !pointed) {
    node.Fail(std::move(pointed.error().message));
  } else if (out->protocol == Protocol::kGrpc && !out->url.path.empty()) {
    node.Fail("grpc has no path; leave out what follows host and port");
  }
}

void ReadHeaders(const yaml::Node& node, http::ClientSettings* out) {
  if (!node) return;
  yaml::Mapping mapping = node.AsMapping();
  for (const yaml::Mapping::Entry& entry : mapping.Entries()) {
    // Also of one whose name is wrong.
    if (entry.value) entry.value.Hide();
    http::SecretSource value;
    if (!http::IsHeaderName(entry.key)) {
      entry.key_node.Fail(fmt::format("\"{}\" cannot be the name of a header", entry.key));
    } else if (entry.value && entry.value.Read(&value.value)) {
      out->headers.emplace_back(entry.key, std::move(value));
    }
  }
  mapping.Finish();
}

void ReadWhere(yaml::Mapping& mapping, Destination* out) {
  const yaml::Node endpoint = mapping.Get("endpoint");
  const yaml::Node whole = mapping.Get("metrics_endpoint");
  if (!endpoint && !whole) {
    mapping.Fail("a destination needs an endpoint, as in endpoint: http://collector:4318");
  } else if (endpoint && whole) {
    whole.Fail("a destination has an endpoint or a metrics_endpoint, and not both");
  } else if (whole && out->protocol == Protocol::kGrpc) {
    whole.Fail("grpc has no path; write it as endpoint");
  } else {
    ReadUrl(endpoint ? endpoint : whole, !endpoint, out);
  }
}

void DecodeDestination(yaml::Mapping mapping, Destination* out) {
  constexpr Protocol kProtocols[] = {Protocol::kHttpProtobuf, Protocol::kHttpJson, Protocol::kGrpc};
  if (const auto i = mapping.OneOf("protocol", {"http/protobuf", "http/json", "grpc"}))
    out->protocol = kProtocols[*i];
  ReadWhere(mapping, out);
  if (const auto i = mapping.OneOf("compression", {"none", "gzip"})) out->gzip = *i == 1;
  if (const auto i = mapping.OneOf("temporality", {"cumulative", "delta"})) {
    out->temporality = *i == 1 ? Temporality::kDelta : Temporality::kCumulative;
  }
  if (const auto i = mapping.OneOf("histograms", {"explicit", "exponential"})) {
    out->histograms = *i == 1 ? HistogramForm::kExponential : HistogramForm::kExplicit;
  }
  ReadAtLeast(mapping.Get("interval"), kShortestInterval, "100ms", &out->interval);
  ReadAtLeast(mapping.Get("timeout"), kShortestTimeout, "1ms", &out->timeout);
  if (const yaml::Node list = mapping.Get("metric_relabel_configs")) {
    relabel::DecodeMetricRelabelling(list, &out->metric_relabel_configs);
  }
  http::Decode(mapping, &out->client);
  ReadHeaders(mapping.Get("headers"), &out->client);
  mapping.Finish();
}

}  // namespace

Status Destination::PointTo(std::string_view text, bool is_whole) {
  Result<http::Url> parsed = http::Url::Parse(text);
  if (!parsed) return tl::unexpected<Error>(std::move(parsed.error()));
  url = *std::move(parsed);
  target.clear();
  if (protocol == Protocol::kGrpc) return {};
  // Url leaves the end out, which is part of a path that is to be sent as it is.
  const bool has_end = !url.path.empty() && text.ends_with('/');
  target = !is_whole ? kTarget : has_end ? "/" : "";
  return {};
}

std::string Destination::Name() const {
  return fmt::format("{}://{}{}{}", url.tls ? "https" : "http", url.authority, url.path, target);
}

void Decode(const yaml::Node& list, std::vector<Destination>* out) {
  for (const yaml::Node& node : list.AsSequence()) {
    Destination destination;
    DecodeDestination(node.AsMapping(), &destination);
    for (const Destination& other : *out) {
      if (!destination.url.authority.empty() && other.Name() == destination.Name()) {
        node.Fail(fmt::format("{} is in the list already", other.Name()));
      }
    }
    out->push_back(std::move(destination));
  }
}

}  // namespace sidelight::otlp
