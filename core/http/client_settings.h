// ClientSettings: how a destination is spoken to: who we are to it, and TLS. The keys are those of
// Prometheus' http_config: basic_auth, authorization, bearer_token(_file), tls_config, http_headers. Those of
// what is not there (a proxy, OAuth 2, redirects) are refused with a reason.
//
// A secret is a value of the configuration (where `${env:NAME}` may bring it in) or the content of a file,
// which is read again for each request, so that one that is rotated takes effect. Secrets are never in an
// error.
//
// Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#http_config .
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/secret.h"
#include "core/http/client.h"
#include "core/http/message.h"
#include "core/http/tls_settings.h"
#include "core/yaml/yaml.h"

namespace sidelight::http {

// A value or the file that holds it; blanks and line breaks around what is in the file do not count.
struct SecretSource {
  Secret value;
  std::string file;  // "": the value counts

  bool empty() const { return value.empty() && file.empty(); }
  // kUnavailable when the file cannot be read or is empty; names the file, and nothing of what is in it.
  Result<Secret> Read() const;
  friend bool operator==(const SecretSource&, const SecretSource&) = default;
};

struct ClientSettings {
  struct BasicAuth {
    SecretSource username;
    SecretSource password;
    friend bool operator==(const BasicAuth&, const BasicAuth&) = default;
  };
  struct Authorization {
    std::string type = "Bearer";
    SecretSource credentials;
    friend bool operator==(const Authorization&, const Authorization&) = default;
  };

  std::optional<BasicAuth> basic_auth;
  std::optional<Authorization> authorization;
  TlsSettings tls;
  std::vector<std::pair<std::string, SecretSource>> headers;  // http_headers

  // The header fields that a request gets; reads the files. An error names a file, or the field that it was
  // for.
  Result<Fields> Headers() const;
  // Of a connection to whom `timeout` is given, and who may answer so much.
  ClientOptions Options(Duration timeout, size_t max_body_bytes) const;
  // Files whose path is relative are those in that directory.
  void SetDirectory(std::string_view directory);
  // Another one when what a file of it holds is another, and otherwise the same: what is in the files cannot
  // be told from it. A file that cannot be read or is no regular one counts as one that is not there, and of
  // a large one the first 16 MiB.
  std::string FilesDigest() const;

  // The same settings; not what is in the files.
  friend bool operator==(const ClientSettings&, const ClientSettings&) = default;
};

// The text without what these headers say, which a server may say back to us: it goes to the log. Words of
// less than four characters stay.
std::string WithoutSecrets(std::string text, const Fields& sent);

// Reads those keys from a destination's mapping, together with the rest of it: the caller calls Finish(),
// whose errors then show no value of an unknown key, which may be a secret. What is wrong is recorded at its
// node.
void Decode(yaml::Mapping& mapping, ClientSettings* out);

}  // namespace sidelight::http
