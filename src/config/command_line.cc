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

// The file that would say the same.
class ShownFlags {
 public:
  explicit ShownFlags(const Config& config) {
    Add("service", config.service);
    Add("listen", config.listen.ToString());
    Add("probe_listen", config.probe_listen.ToString());
    Add("log", {{"format", WordOf(kLogFormats, config.log.format)},
                {"level", WordOf(kLogLevels, config.log.level)}});
    if (!config.rule_files.empty()) AddList("rule_files", config.rule_files);
    if (!config.alerting.settings.alertmanagers.empty()) AddAlertmanagers(config.alerting.settings);
    std::string taps = "taps:\n";
    for (const Tap& tap : config.taps) {
      taps += fmt::format("- name: {}\n  protocol: {}\n  listen: {}\n  upstream: {}\n", tap.tap.name,
                          tap.protocol, yaml::QuotedScalar(tap.tap.listen.ToString()),
                          yaml::QuotedScalar(tap.tap.upstream.ToString()));
    }
    sections_.emplace_back("taps", std::move(taps));
  }
  std::vector<std::pair<std::string, std::string>> Take() { return std::move(sections_); }

 private:
  template <class Choices, class Meaning>
  static std::string WordOf(const Choices& choices, Meaning meaning) {
    const auto choice =
        std::find_if(choices.begin(), choices.end(), [&](const auto& one) { return one.second == meaning; });
    return std::string(choice->first);
  }
  void Add(std::string_view key, std::string_view value) {
    sections_.emplace_back(key, fmt::format("{}: {}\n", key, yaml::QuotedScalar(value)));
  }
  void Add(std::string_view key, const std::vector<std::pair<std::string_view, std::string>>& words) {
    std::string text = fmt::format("{}:\n", key);
    for (const auto& [name, word] : words) text += fmt::format("  {}: {}\n", name, word);
    sections_.emplace_back(key, std::move(text));
  }
  void AddList(std::string_view key, const std::vector<std::string>& values) {
    std::string text = fmt::format("{}:\n", key);
    for (const std::string& value : values) text += fmt::format("- {}\n", yaml::QuotedScalar(value));
    sections_.emplace_back(key, std::move(text));
  }
  void AddAlertmanagers(const alertmanager::Settings& settings) {
    std::string text = "alerting:\n  alertmanagers:\n";
    for (const alertmanager::Destination& destination : settings.alertmanagers) {
      const http::Url& url = destination.url;
      text += fmt::format("  - url: {}\n", yaml::QuotedScalar(fmt::format("http{}://{}{}", url.tls ? "s" : "",
                                                                          url.authority, url.path)));
    }
    sections_.emplace_back("alerting", std::move(text));
  }

  std::vector<std::pair<std::string, std::string>> sections_;
};

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
  config.shown = ShownFlags(config).Take();
  return config;
}

}  // namespace sidelight::config
