// OpenTelemetry's environment variables.
// Source: https://opentelemetry.io/docs/specs/otel/protocol/exporter/ and
// https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/ .
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <string_view>
#include <utility>

#include "core/base/letter_case.h"
#include "exporters/otlp/settings.h"

namespace sidelight::otlp {
namespace {

tl::unexpected<Error> Wrong(std::string_view variable, std::string_view what) {
  return Fail(ErrorCode::kInvalidArgument, fmt::format("{}: {}", variable, what));
}

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

// The text with %xx as the byte that it stands for; nothing when a % is not followed by two hex digits.
std::optional<std::string> PercentDecoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    uint8_t byte = 0;
    const char* const digits = text.data() + i + 1;
    if (i + 2 >= text.size() || std::from_chars(digits, digits + 2, byte, 16).ptr != digits + 2)
      return std::nullopt;
    out += static_cast<char>(byte);
    i += 2;
  }
  return out;
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

// "key=value,key=value", both percent-encoded. The error shows keys only: values may be secrets.
Result<Pairs> ParsePairs(std::string_view variable, std::string_view text) {
  Pairs pairs;
  while (!text.empty()) {
    const std::string_view pair = Trimmed(text.substr(0, text.find(',')));
    text.remove_prefix(
        std::min(text.size(), text.find(',') == std::string_view::npos ? text.size() : text.find(',') + 1));
    if (pair.empty()) continue;
    const size_t equals = pair.find('=');
    const std::string_view key = Trimmed(pair.substr(0, equals));
    if (equals == std::string_view::npos || key.empty()) {
      return Wrong(variable, fmt::format("pair {} is not key=value", pairs.size() + 1));
    }
    std::optional<std::string> name = PercentDecoded(key);
    std::optional<std::string> value = PercentDecoded(Trimmed(pair.substr(equals + 1)));
    if (!name || !value) {
      return Wrong(variable, fmt::format("the {} {} has a % without two hex digits; write %25 for it",
                                         name ? "value of" : "key", key));
    }
    pairs.emplace_back(*std::move(name), *std::move(value));
  }
  return pairs;
}

// The variables with that end, the one for metrics before the general one.
class Variables {
 public:
  explicit Variables(const Environment& environment) : environment_(environment) {}

  struct Found {
    std::string name;
    std::string value;
    bool for_metrics = false;
  };
  // One that is set and not empty: the specification takes both for the same.
  std::optional<Found> Named(const std::string& name) const {
    std::optional<std::string> value = environment_(name);
    if (!value || value->empty()) return std::nullopt;
    return Found{name, *std::move(value), false};
  }
  std::optional<Found> Exporter(const std::string& end) const {
    std::optional<Found> found = Named("OTEL_EXPORTER_OTLP_METRICS_" + end);
    if (found) {
      found->for_metrics = true;
      return found;
    }
    return Named("OTEL_EXPORTER_OTLP_" + end);
  }

 private:
  const Environment& environment_;
};

using Found = Variables::Found;

// One of the words, in any case, as its index.
Result<size_t> Choose(const Found& found, std::initializer_list<std::string_view> words) {
  const auto chosen = std::find_if(words.begin(), words.end(), [&](std::string_view word) {
    return http::EqualsIgnoringCase(Trimmed(found.value), word);
  });
  if (chosen != words.end()) return static_cast<size_t>(chosen - words.begin());
  return Wrong(found.name, fmt::format("\"{}\" is none of {}", found.value, fmt::join(words, ", ")));
}

constexpr int64_t kDay = 24 * 3600 * 1000;

// Milliseconds, at most a day's.
Status ReadMillis(const std::optional<Found>& found, int64_t least, Duration* out) {
  if (!found) return {};
  const std::string_view text = Trimmed(found->value);
  int64_t millis = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), millis);
  if (error != std::errc() || end != text.data() + text.size() || millis < least || millis > kDay) {
    return Wrong(found->name,
                 fmt::format("\"{}\" is no number of milliseconds from {} up to a day", found->value, least));
  }
  *out = std::chrono::milliseconds(millis);
  return {};
}

Status ReadProtocol(const Variables& variables, Destination* out) {
  const std::optional<Found> found = variables.Exporter("PROTOCOL");
  if (!found) return {};
  const Result<size_t> protocol = Choose(*found, {"http/protobuf", "http/json", "grpc"});
  if (!protocol) return tl::unexpected<Error>(protocol.error());
  out->protocol = static_cast<Protocol>(*protocol);
  return {};
}

Result<bool> IsInsecure(const Variables& variables) {
  const std::optional<Found> found = variables.Exporter("INSECURE");
  if (!found) return false;
  return http::EqualsIgnoringCase(Trimmed(found->value), "true");
}

Status ReadEndpoint(const Variables& variables, Destination* out) {
  const bool grpc = out->protocol == Protocol::kGrpc;
  const std::optional<Found> found = variables.Exporter("ENDPOINT");
  std::string text(found ? Trimmed(found->value) : grpc ? "http://localhost:4317" : "http://localhost:4318");
  if (grpc && text.find("://") == std::string::npos) {
    text.insert(0, IsInsecure(variables).value_or(false) ? "http://" : "https://");
  }
  const Status pointed = out->PointTo(text, found && found->for_metrics);
  if (!pointed) return Wrong(found ? found->name : "OTEL_EXPORTER_OTLP_ENDPOINT", pointed.error().message);
  // The SDKs take one for gRPC too, and leave its path out.
  if (grpc) out->url.path.clear();
  return {};
}

Status ReadClient(const Variables& variables, Destination* out) {
  if (const auto found = variables.Exporter("HEADERS")) {
    Result<Pairs> pairs = ParsePairs(found->name, found->value);
    if (!pairs) return tl::unexpected<Error>(pairs.error());
    for (auto& [name, value] : *pairs) {
      if (!http::IsHeaderName(name))
        return Wrong(found->name, fmt::format("\"{}\" cannot be the name of a header", name));
      if (!http::IsHeaderValue(value))
        return Wrong(found->name, fmt::format("the value of {} has a line break in it", name));
      out->client.headers.emplace_back(name,
                                       http::SecretSource{.value = Secret(std::move(value)), .file = {}});
    }
  }
  const auto read = [&](const char* end, std::string* into) {
    if (auto found = variables.Exporter(end)) *into = std::move(found->value);
  };
  read("CERTIFICATE", &out->client.tls.ca_file);
  read("CLIENT_CERTIFICATE", &out->client.tls.cert_file);
  read("CLIENT_KEY", &out->client.tls.key_file);
  if (out->client.tls.cert_file.empty() != out->client.tls.key_file.empty()) {
    return Wrong("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
                 "a certificate and OTEL_EXPORTER_OTLP_CLIENT_KEY go together");
  }
  return {};
}

Status ReadForm(const Variables& variables, Destination* out) {
  if (const auto found = variables.Exporter("COMPRESSION")) {
    const Result<size_t> compression = Choose(*found, {"none", "gzip"});
    if (!compression) return tl::unexpected<Error>(compression.error());
    out->gzip = *compression == 1;
  }
  if (const auto found = variables.Named("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE")) {
    // All our counters and histograms are synchronous, so "lowmemory" is delta.
    const Result<size_t> temporality = Choose(*found, {"cumulative", "delta", "lowmemory"});
    if (!temporality) return tl::unexpected<Error>(temporality.error());
    out->temporality = *temporality == 0 ? Temporality::kCumulative : Temporality::kDelta;
  }
  if (const auto found = variables.Named("OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION")) {
    const Result<size_t> form =
        Choose(*found, {"explicit_bucket_histogram", "base2_exponential_bucket_histogram"});
    if (!form) return tl::unexpected<Error>(form.error());
    out->histograms = *form == 0 ? HistogramForm::kExplicit : HistogramForm::kExponential;
  }
  constexpr int64_t kShortestInterval = 100;
  if (Status read =
          ReadMillis(variables.Named("OTEL_METRIC_EXPORT_INTERVAL"), kShortestInterval, &out->interval);
      !read) {
    return read;
  }
  const Status read = ReadMillis(variables.Exporter("TIMEOUT"), 0, &out->timeout);
  // For the specification 0 is no limit.
  if (out->timeout == Duration::zero()) out->timeout = std::chrono::milliseconds(kDay);
  return read;
}

// Whether the environment asks for OTLP at all.
bool IsWanted(const Variables& variables) {
  const auto disabled = variables.Named("OTEL_SDK_DISABLED");
  if (disabled && http::EqualsIgnoringCase(Trimmed(disabled->value), "true")) return false;
  const auto exporter = variables.Named("OTEL_METRICS_EXPORTER");
  if (!exporter) return variables.Exporter("ENDPOINT").has_value();
  std::string_view list = exporter->value;
  while (true) {
    const size_t comma = list.find(',');
    if (http::EqualsIgnoringCase(Trimmed(list.substr(0, comma)), "otlp")) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace

Result<std::optional<Destination>> FromEnvironment(const Environment& environment) {
  const Variables variables(environment);
  if (!IsWanted(variables)) return std::nullopt;
  Destination destination;
  for (const auto read : {&ReadProtocol, &ReadEndpoint, &ReadClient, &ReadForm}) {
    if (const Status status = read(variables, &destination); !status)
      return tl::unexpected<Error>(status.error());
  }
  return destination;
}

Result<Resource> ResourceFrom(const std::string& service, const std::string& instance,
                              const Environment& environment) {
  const Variables variables(environment);
  std::map<std::string, std::string> attributes;
  const std::pair<const char*, const char*> from_kubernetes[] = {{"k8s.namespace.name", "POD_NAMESPACE"},
                                                                 {"k8s.pod.name", "POD_NAME"},
                                                                 {"k8s.pod.uid", "POD_UID"},
                                                                 {"k8s.node.name", "NODE_NAME"},
                                                                 {"k8s.container.name", "CONTAINER_NAME"}};
  for (const auto& [attribute, variable] : from_kubernetes) {
    if (auto found = variables.Named(variable)) attributes[attribute] = std::move(found->value);
  }
  if (!instance.empty()) attributes["service.instance.id"] = instance;
  if (const auto found = variables.Named("OTEL_RESOURCE_ATTRIBUTES")) {
    Result<Pairs> pairs = ParsePairs(found->name, found->value);
    if (!pairs) return tl::unexpected<Error>(pairs.error());
    for (auto& [key, value] : *pairs) attributes[key] = std::move(value);
  }
  if (!service.empty()) attributes["service.name"] = service;
  Resource resource;
  for (auto& [key, value] : attributes) resource.attributes.push_back({key, std::move(value)});
  return resource;
}

}  // namespace sidelight::otlp
