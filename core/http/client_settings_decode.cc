#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/http/client_settings.h"

namespace sidelight::http {
namespace {

// What the client sets itself, or what has a key of its own; those that Prometheus refuses.
constexpr std::array<std::string_view, 13> kReserved = {
    "Authorization",      "Host",
    "Content-Encoding",   "Content-Length",
    "Content-Type",       "User-Agent",
    "Connection",         "Keep-Alive",
    "Proxy-Authenticate", "Proxy-Authorization",
    "Www-Authenticate",   "Accept-Encoding",
    "Transfer-Encoding",
};

// A mapping in which a secret may stand anywhere, also in place of the mapping.
yaml::Mapping SecretMapping(const yaml::Node& node) {
  if (!node.IsMapping()) node.Hide();
  yaml::Mapping mapping = node.AsMapping();
  mapping.HideUnknown();
  return mapping;
}

// A secret that goes into a header, or what is beside one.
bool ReadHeaderValue(const yaml::Node& node, Secret* out) {
  if (!node.Read(out)) return false;
  if (IsHeaderValue(out->Reveal())) return true;
  node.Fail("the value has a line break or a control character in it");
  return false;
}

// `key` or `key`_file, and not both.
void ReadSource(yaml::Mapping& mapping, std::string_view key, SecretSource* out) {
  const std::string file_key = fmt::format("{}_file", key);
  const yaml::Node value = mapping.Get(key);
  const yaml::Node file = mapping.Get(file_key);
  if (value) ReadHeaderValue(value, &out->value);
  if (file && file.Read(&out->file) && out->file.empty()) {
    file.Fail(fmt::format("\"{}\" names no file", file_key));
  }
  if (value && file) {
    file.Fail(fmt::format("\"{}\" and \"{}\" exclude each other; remove one", key, file_key));
  }
}

ClientSettings::BasicAuth DecodeBasicAuth(const yaml::Node& node) {
  ClientSettings::BasicAuth auth;
  yaml::Mapping mapping = SecretMapping(node);
  ReadSource(mapping, "username", &auth.username);
  ReadSource(mapping, "password", &auth.password);
  if (const yaml::Node name = mapping.Get("username");
      name && auth.username.value.Reveal().find(':') != std::string::npos) {
    name.Fail("a user's name has no \":\" in it; the password has a key of its own");
  }
  mapping.Finish();
  return auth;
}

ClientSettings::Authorization DecodeAuthorization(const yaml::Node& node) {
  ClientSettings::Authorization authorization;
  yaml::Mapping mapping = SecretMapping(node);
  if (const yaml::Node type = mapping.Get("type")) {
    type.Hide();
    type.Read(&authorization.type);
    if (EqualsIgnoringCase(authorization.type, "Basic")) {
      type.Fail("for Basic write \"basic_auth\" with a username and a password");
    } else if (!IsHeaderName(authorization.type)) {
      type.Fail("the type is one word, such as Bearer; what follows it belongs under \"credentials\"");
    }
  }
  const bool given = mapping.Get("credentials") || mapping.Get("credentials_file");
  ReadSource(mapping, "credentials", &authorization.credentials);
  mapping.Finish();
  if (!given && node.IsMapping()) node.Fail("give \"credentials\" or \"credentials_file\"");
  return authorization;
}

// The older form of an authorization of type Bearer.
std::optional<ClientSettings::Authorization> DecodeBearerToken(yaml::Mapping& mapping) {
  ClientSettings::Authorization authorization;
  ReadSource(mapping, "bearer_token", &authorization.credentials);
  if (authorization.credentials.empty()) return std::nullopt;
  return authorization;
}

void ReadVersion(yaml::Mapping& mapping, std::string_view key, std::optional<TlsSettings::Version>* out) {
  if (const std::optional<size_t> version = mapping.OneOf(key, {"TLS12", "TLS13"})) {
    *out = *version == 0 ? TlsSettings::Version::kTls12 : TlsSettings::Version::kTls13;
  }
}

TlsSettings DecodeTls(const yaml::Node& node) {
  TlsSettings tls;
  yaml::Mapping mapping = SecretMapping(node);
  mapping.Refuse("ca",
                 "the certificates themselves do not stand here; write them into a file and name that as "
                 "\"ca_file\"");
  for (const std::string_view key : {"cert", "key"}) {
    mapping.Refuse(key,
                   fmt::format("the {} itself does not stand here; write it into a file and name that as "
                               "\"{}_file\"",
                               key == "cert" ? "certificate" : key, key));
  }
  mapping.Optional("ca_file", &tls.ca_file);
  mapping.Optional("cert_file", &tls.cert_file);
  mapping.Optional("key_file", &tls.key_file);
  mapping.Optional("server_name", &tls.server_name);
  mapping.Optional("insecure_skip_verify", &tls.insecure_skip_verify);
  std::optional<TlsSettings::Version> min;
  ReadVersion(mapping, "min_version", &min);
  ReadVersion(mapping, "max_version", &tls.max_version);
  if (min) tls.min_version = *min;
  if (tls.max_version && *tls.max_version < tls.min_version) {
    mapping.Get("max_version").Fail("\"max_version\" is lower than \"min_version\"");
  }
  if (tls.cert_file.empty() != tls.key_file.empty()) {
    const std::string_view there = tls.cert_file.empty() ? "key_file" : "cert_file";
    const std::string_view missing = tls.cert_file.empty() ? "cert_file" : "key_file";
    mapping.Get(there).Fail(fmt::format("\"{}\" needs \"{}\" beside it", there, missing));
  }
  mapping.Finish();
  return tls;
}

void DecodeHeader(const std::string& name, const yaml::Node& node,
                  std::vector<std::pair<std::string, SecretSource>>* out) {
  yaml::Mapping mapping = SecretMapping(node);
  for (const std::string_view key : {"values", "secrets", "files"}) {
    const yaml::Node list = mapping.Get(key);
    if (!list) continue;
    if (key != "files") list.Hide();
    for (const yaml::Node& item : list.AsSequence()) {
      SecretSource source;
      const bool good = key == "files" ? item.Read(&source.file) : ReadHeaderValue(item, &source.value);
      if (good) out->emplace_back(name, std::move(source));
    }
  }
  mapping.Finish();
}

void DecodeHeaders(const yaml::Node& node, std::vector<std::pair<std::string, SecretSource>>* out) {
  yaml::Mapping mapping = SecretMapping(node);
  for (const yaml::Mapping::Entry& entry : mapping.Entries()) {
    if (!IsHeaderName(entry.key)) {
      entry.key_node.Fail("this is no header's name: letters, digits and marks such as \"-\"");
      continue;
    }
    const bool reserved = std::any_of(kReserved.begin(), kReserved.end(), [&](std::string_view name) {
      return EqualsIgnoringCase(name, entry.key);
    });
    if (reserved) {
      entry.key_node.Fail(fmt::format("the header {} cannot be set here", entry.key));
      continue;
    }
    DecodeHeader(entry.key, entry.value, out);
  }
  mapping.Finish();
}

// Words of Prometheus' http_config for what is not there.
void RefuseTheRest(yaml::Mapping& mapping) {
  mapping.Refuse("oauth2",
                 "oauth2 is not spoken; a token that something else renews can come from "
                 "\"authorization\" with \"credentials_file\"");
  for (const std::string_view key :
       {"proxy_url", "proxy_from_environment", "no_proxy", "proxy_connect_header"}) {
    mapping.Refuse(key, "destinations are reached without a proxy; leave this out");
  }
  mapping.Refuse("follow_redirects", "redirects are not followed, and count as errors; leave this out");
  mapping.Refuse("enable_http2", "HTTP/1.1 is spoken; leave this out");
}

// At most one of the ways to say who we are.
void CheckExclusive(yaml::Mapping& mapping) {
  std::string_view first;
  for (const std::string_view key : {"basic_auth", "bearer_token", "bearer_token_file", "authorization"}) {
    const yaml::Node node = mapping.Get(key);
    if (!node) continue;
    // Of the two forms of a token ReadSource() has said so.
    const bool said = first == "bearer_token" && key == "bearer_token_file";
    if (!first.empty() && !said) {
      node.Fail(fmt::format("\"{}\" and \"{}\" exclude each other; remove one", first, key));
    }
    first = key;
  }
}

}  // namespace

void Decode(yaml::Mapping& mapping, ClientSettings* out) {
  ClientSettings settings;
  mapping.HideUnknown();
  const yaml::Node basic_auth = mapping.Get("basic_auth");
  const yaml::Node authorization = mapping.Get("authorization");
  if (basic_auth) settings.basic_auth = DecodeBasicAuth(basic_auth);
  settings.authorization = DecodeBearerToken(mapping);
  if (authorization) settings.authorization = DecodeAuthorization(authorization);
  CheckExclusive(mapping);
  if (const yaml::Node tls = mapping.Get("tls_config")) settings.tls = DecodeTls(tls);
  if (const yaml::Node headers = mapping.Get("http_headers")) DecodeHeaders(headers, &settings.headers);
  RefuseTheRest(mapping);
  *out = std::move(settings);
}

}  // namespace sidelight::http
