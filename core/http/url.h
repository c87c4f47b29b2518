// Url: where an HTTP request goes, "http://127.0.0.1:9464/prefix" or "https://alertmanager".
#pragma once

#include <string>
#include <string_view>

#include "core/base/error.h"
#include "core/net/address.h"

namespace sidelight::http {

struct Url {
  net::Address address;   // a name, or an IP address; port 80 or 443 unless one is given
  std::string authority;  // host and port as they were written: what the header Host says
  std::string path;       // as written, "" or "/prefix": never with a '/' at its end

  bool tls = false;  // https

  // Errors say what is wrong and what would be right; a URL with a user and a password is
  // refused and not repeated.
  static Result<Url> Parse(std::string_view text);
  friend bool operator==(const Url&, const Url&) = default;
};

}  // namespace sidelight::http
