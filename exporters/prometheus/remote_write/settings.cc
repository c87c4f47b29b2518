#include "exporters/prometheus/remote_write/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace sidelight::remote_write {
namespace {

constexpr Duration kLeast = std::chrono::milliseconds(1);
constexpr uint64_t kMaxShards = 64;
constexpr uint64_t kMaxSamples = 10'000;  // receivers are made for requests of about that size
// What the client and the protocol set themselves; those that Prometheus refuses.
constexpr std::array<std::string_view, 14> kReserved = {
    "Authorization",      "Host",
    "Content-Encoding",   "Content-Length",
    "Content-Type",       "User-Agent",
    "Connection",         "Keep-Alive",
    "Proxy-Authenticate", "Proxy-Authorization",
    "Www-Authenticate",   "Accept-Encoding",
    "Transfer-Encoding",  "X-Prometheus-Remote-Write-Version",
};

void ReadDuration(const yaml::Node& node, Duration* out) {
  if (node && node.Read(out) && *out < kLeast) node.Fail("it must be at least 1ms");
}

template <class T>
void ReadCount(const yaml::Node& node, uint64_t most, T* out) {
  uint64_t value = 0;
  if (!node || !node.Read(&value)) return;
  if (value < 1 || value > most) return node.Fail(fmt::format("it must be from 1 to {}", most));
  *out = static_cast<T>(value);
}

void DecodeQueue(yaml::Mapping mapping, Destination* out) {
  ReadCount(mapping.Get("max_shards"), kMaxShards, &out->shards);
  ReadCount(mapping.Get("max_samples_per_send"), kMaxSamples, &out->max_samples_per_send);
  ReadDuration(mapping.Get("batch_send_deadline"), &out->batch_send_deadline);
  ReadDuration(mapping.Get("min_backoff"), &out->min_backoff);
  ReadDuration(mapping.Get("max_backoff"), &out->max_backoff);
  mapping.Refuse("min_shards", "there are always as many shards as max_shards says; leave it out");
  mapping.Refuse("capacity", "what waits is bounded by exporters.queue.max_size; leave it out");
  mapping.Refuse("sample_age_limit", "what is too old is dropped by exporters.queue.max_age; leave it out");
  mapping.Refuse("retry_on_http_429", "429 is always tried again, when Retry-After says; leave it out");
  if (out->max_backoff < out->min_backoff) mapping.Fail("max_backoff is shorter than min_backoff");
  mapping.Finish();
}

// 1.0's; 2.0 has the metadata of a series with it.
void DecodeMetadata(yaml::Mapping mapping, Destination* out) {
  mapping.Optional("send", &out->send_metadata);
  ReadDuration(mapping.Get("send_interval"), &out->metadata_interval);
  mapping.Refuse("max_samples_per_send", "all metadata goes into one request; leave it out");
  mapping.Finish();
}

bool IsReserved(std::string_view name) {
  return std::any_of(kReserved.begin(), kReserved.end(),
                     [&](std::string_view reserved) { return http::EqualsIgnoringCase(reserved, name); });
}

void ReadHeaders(const yaml::Node& node, http::ClientSettings* out) {
  if (!node) return;
  if (!node.IsMapping()) node.Hide();
  yaml::Mapping mapping = node.AsMapping();
  mapping.HideUnknown();
  for (const yaml::Mapping::Entry& entry : mapping.Entries()) {
    // Also of one whose name is wrong.
    if (entry.value) entry.value.Hide();
    http::SecretSource value;
    if (!http::IsHeaderName(entry.key)) {
      entry.key_node.Fail("this is no header's name: letters, digits and marks such as \"-\"");
    } else if (IsReserved(entry.key)) {
      entry.key_node.Fail(fmt::format("the header {} cannot be set here", entry.key));
    } else if (entry.value && entry.value.Read(&value.value)) {
      if (!http::IsHeaderValue(value.value.Reveal())) {
        entry.value.Fail("the value has a line break or a control character in it");
        continue;
      }
      out->headers.emplace_back(entry.key, std::move(value));
    }
  }
  mapping.Finish();
}

// Ways to say who we are that are not spoken, and what the name of a receiver leads to.
void RefuseTheRest(yaml::Mapping& mapping) {
  for (const std::string_view key : {"sigv4", "azuread", "google_iam"}) {
    mapping.Refuse(key, fmt::format("{} is not spoken; a proxy beside us that signs requests, or a token in "
                                    "\"authorization\" with \"credentials_file\", can take its place",
                                    key));
  }
  mapping.Refuse("round_robin_dns", "of a name's addresses the first that answers is taken; leave this out");
}

void DecodeDestination(yaml::Mapping mapping, Destination* out) {
  std::string text;
  const yaml::Node url = mapping.RequiredNode("url");
  if (url && url.Read(&text)) {
    Result<http::Url> parsed = http::Url::Parse(text);
    if (parsed) {
      out->url = *std::move(parsed);
      out->name =
          fmt::format("{}://{}{}", out->url.tls ? "https" : "http", out->url.authority, out->url.path);
    } else {
      url.Fail(std::move(parsed.error().message));
    }
  }
  if (const yaml::Node name = mapping.Get("name"); name && name.Read(&out->name) && out->name.empty()) {
    name.Fail("the name is empty; leave it out, and it is the URL");
  }
  ReadDuration(mapping.Get("remote_timeout"), &out->timeout);
  constexpr size_t kSecond = 1;
  if (mapping.OneOf("protobuf_message", {"prometheus.WriteRequest", "io.prometheus.write.v2.Request"}) ==
      kSecond) {
    out->message = Message::kWrite2;
    out->send_native_histograms = true;
  }
  mapping.Optional("send_exemplars", &out->send_exemplars);
  mapping.Optional("send_native_histograms", &out->send_native_histograms);
  if (const yaml::Node rules = mapping.Get("write_relabel_configs"))
    relabel::Decode(rules, &out->write_relabel_configs);
  if (const yaml::Node queue = mapping.Get("queue_config")) DecodeQueue(queue.AsMapping(), out);
  if (const yaml::Node metadata = mapping.Get("metadata_config")) DecodeMetadata(metadata.AsMapping(), out);
  RefuseTheRest(mapping);
  http::Decode(mapping, &out->client);
  for (const auto& [header, value] : out->client.headers) {
    if (IsReserved(header))
      mapping.Fail(fmt::format("http_headers: the header {} cannot be set here", header));
  }
  ReadHeaders(mapping.Get("headers"), &out->client);
  mapping.Finish();
}

}  // namespace

void Decode(const yaml::Node& list, std::vector<Destination>* out) {
  for (const yaml::Node& node : list.AsSequence()) {
    Destination destination;
    DecodeDestination(node.AsMapping(), &destination);
    for (const Destination& other : *out) {
      if (!other.name.empty() && other.name == destination.name) {
        node.Fail(fmt::format("{} is in the list already; another name can tell them apart", other.name));
      }
    }
    out->push_back(std::move(destination));
  }
}

}  // namespace sidelight::remote_write
