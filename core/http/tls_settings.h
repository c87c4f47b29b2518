// TlsSettings: whom TLS trusts, and who we are in it; Prometheus' tls_config.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace sidelight::http {

struct TlsSettings {
  enum class Version : uint8_t { kTls12, kTls13 };

  std::string ca_file;    // of certificates (PEM) that are trusted; "": the system's
  std::string cert_file;  // our own certificate and its chain (PEM); "": none
  std::string key_file;
  std::string server_name;  // that the certificate must name; "": the URL's host
  bool insecure_skip_verify = false;
  Version min_version = Version::kTls12;
  std::optional<Version> max_version;

  friend bool operator==(const TlsSettings&, const TlsSettings&) = default;
};

}  // namespace sidelight::http
