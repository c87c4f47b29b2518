#include "src/config/command_line.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <utility>

#include "collector/protocols/protocol.h"
#include "core/yaml/yaml.h"
#include "src/config/checks.h"
#include "src/config/exporters.h"
#include "src/config/identity.h"
#include "src/config/rules.h"
#include "src/config/words.h"

namespace sidelight::config {
namespace {

constexpr std::string_view kTapForm =
    "the form is PROTOCOL://LISTEN=UPSTREAM, as in http://0.0.0.0:8080=127.0.0.1:8081";

tl::unexpected<Error> Wrong(std::string message) {
  return Fail(ErrorCode::kInvalidArgument, std::move(message));
}

Result<Tap> ParseTap(std::string_view text) {
  const size_t scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos)
    return Wrong(fmt::format("the protocol is missing; {}", kTapForm));
  const std::string_view protocol = text.substr(0, scheme_end);
  if (FindProtocol(protocol) == nullptr) {
    std::vector<std::string_view> names;
    for (const Protocol& known : Protocols()) names.push_back(known.name);
    return Wrong(fmt::format("\"{}\" is no protocol; valid ones: {}", protocol, fmt::join(names, ", ")));
  }
  const std::string_view addresses = text.substr(scheme_end + 3);
  const size_t equals = addresses.find('=');
  if (equals == std::string_view::npos) return Wrong(fmt::format("the upstream is missing; {}", kTapForm));

  Tap tap;
  tap.protocol = protocol;
  Result<net::Address> listen = net::Address::Parse(addresses.substr(0, equals));
  if (!listen) return tl::unexpected<Error>(std::move(listen.error()));
  tap.tap.listen = *std::move(listen);
  Result<net::Address> upstream = tap::ParseUpstream(addresses.substr(equals + 1));
  if (!upstream) return tl::unexpected<Error>(std::move(upstream.error()));
  tap.tap.upstream = *std::move(upstream);
  return tap;
}

class Errors {
 public:
  void Add(std::string_view message) { text_ += fmt::format("{}{}", text_.empty() ? "" : "\n", message); }
  void Add(std::string_view flag, std::string_view value, std::string_view message) {
    Add(fmt::format("{} \"{}\": {}", flag, value, message));
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

void SetAddress(std::string_view flag, const std::optional<std::string>& value, net::Address* out,
                Errors& errors) {
  if (!value) return;
  Result<net::Address> address = net::Address::Parse(*value);
  if (address) {
    *out = *std::move(address);
  } else {
    errors.Add(flag, *value, address.error().message);
  }
}

template <class Choices, class Meaning>
void SetChoice(std::string_view flag, const std::optional<std::string>& value, const Choices& choices,
               Meaning* out, Errors& errors) {
  if (!value) return;
  std::vector<std::string_view> words;
  for (const auto& [word, meaning] : choices) {
    if (word == *value) {
      *out = meaning;
      return;
    }
    words.push_back(word);
  }
  errors.Add(flag, *value, fmt::format("valid values: {}", fmt::join(words, ", ")));
}

void AddTaps(const std::vector<std::string>& flags, Config& config, Errors& errors) {
  std::map<std::string, int> taps_of_protocol;
  for (const std::string& flag : flags) {
    Result<Tap> tap = ParseTap(flag);
    if (!tap) {
      errors.Add("--tap", flag, tap.error().message);
      tap = Tap();  // keeps the taps' places, so that clashes name the right flag
    } else {
      const int n = ++taps_of_protocol[tap->protocol];
      tap->tap.name = n == 1 ? tap->protocol : fmt::format("{}-{}", tap->protocol, n);
    }
    config.taps.push_back(*std::move(tap));
  }
}

void AddRules(const std::vector<std::string>& flags, Config& config, Errors& errors) {
  for (const std::string& pattern : flags) {
    if (pattern.empty()) errors.Add("--rules", pattern, "the pattern is empty; name a file");
    config.rule_files.push_back(pattern);
  }
}

void AddAlertmanagers(const std::vector<std::string>& flags, Config& config, Errors& errors) {
  for (const std::string& flag : flags) {
    Result<http::Url> url = http::Url::Parse(flag);
    if (url) {
      config.alerting.settings.alertmanagers.emplace_back().url = *std::move(url);
    } else {
      errors.Add(fmt::format("--alertmanager: {}", url.error().message));
    }
  }
}

template <class Choices, class Meaning>
std::string_view WordOf(const Choices& choices, Meaning meaning) {
  const auto choice =
      std::find_if(choices.begin(), choices.end(), [&](const auto& one) { return one.second == meaning; });
  return choice->first;
}

yaml::ShownValue Mapping(std::string key, std::vector<yaml::ShownValue> entries) {
  return {.key = std::move(key), .children = std::move(entries)};
}

template <class Things, class Show>
yaml::ShownValue List(std::string key, const Things& things, const Show& show) {
  yaml::ShownValue list{.key = std::move(key), .is_sequence = true};
  for (const auto& thing : things) list.children.push_back(show(thing));
  return list;
}

yaml::ShownValue ShownTap(const Tap& tap) {
  using yaml::ShownValue;
  return Mapping("", {ShownValue::Word("name", tap.tap.name), ShownValue::Word("protocol", tap.protocol),
                      ShownValue::Text("listen", tap.tap.listen.ToString()),
                      ShownValue::Text("upstream", tap.tap.upstream.ToString())});
}

yaml::ShownValue ShownAlertmanager(const alertmanager::Destination& destination) {
  const http::Url& url = destination.url;
  const std::string text = fmt::format("http{}://{}{}", url.tls ? "s" : "", url.authority, url.path);
  return Mapping("", {yaml::ShownValue::Text("url", text)});
}

// The file that would say the same.
yaml::ShownValue ShownFlags(const Config& config) {
  using yaml::ShownValue;
  ShownValue root;
  root.children = {ShownValue::Text("service", config.service),
                   ShownValue::Text("listen", config.listen.ToString()),
                   ShownValue::Text("probe_listen", config.probe_listen.ToString()),
                   Mapping("log", {ShownValue::Word("format", WordOf(kLogFormats, config.log.format)),
                                   ShownValue::Word("level", WordOf(kLogLevels, config.log.level))})};
  if (!config.rule_files.empty()) {
    root.children.push_back(List("rule_files", config.rule_files,
                                 [](const std::string& file) { return ShownValue::Text("", file); }));
  }
  if (const auto& alertmanagers = config.alerting.settings.alertmanagers; !alertmanagers.empty()) {
    root.children.push_back(Mapping("alerting", {List("alertmanagers", alertmanagers, &ShownAlertmanager)}));
  }
  root.children.push_back(List("taps", config.taps, &ShownTap));
  return root;
}

}  // namespace

Result<Config> FromCommandLine(const CommandLine& flags, const Environment& environment) {
  Config config;
  Errors errors;
  config.service = flags.service.value_or(DefaultService(environment));
  if (config.service.empty()) errors.Add("--service", "", "the service's name is empty");
  config.instance = DefaultInstance(environment);
  SetAddress("--listen", flags.listen, &config.listen, errors);
  SetAddress("--probe-listen", flags.probe_listen, &config.probe_listen, errors);
  SetChoice("--log-format", flags.log_format, kLogFormats, &config.log.format, errors);
  SetChoice("--log-level", flags.log_level, kLogLevels, &config.log.level, errors);
  config.external_labels = ExternalLabels(config.service, environment, {});
  config.alerting.settings.external_labels = config.external_labels;
  if (Status read = ReadExportersEnvironment(environment, false, &config); !read)
    errors.Add(read.error().message);
  AddRules(flags.rules, config, errors);
  AddAlertmanagers(flags.alertmanagers, config, errors);
  AddTaps(flags.taps, config, errors);
  if (flags.taps.empty()) errors.Add(fmt::format("--tap is missing: {}", kTapForm));

  CheckClashes(config, [&](Place place, size_t tap, std::string message) {
    if (place == Place::kProbeListen) {
      errors.Add("--probe-listen", config.probe_listen.ToString(), message);
    } else {
      errors.Add("--tap", flags.taps[tap], message);
    }
  });
  if (!errors.text().empty()) return Wrong(errors.text());
  config.shown = ShownFlags(config);
  return config;
}

}  // namespace sidelight::config
