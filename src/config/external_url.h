// The external URL: where people, and an Alertmanager's links, reach this Sidelight.
#pragma once

#include <string>
#include <string_view>

#include "core/base/error.h"
#include "core/net/address.h"

namespace sidelight::config {

// http:// or https://, a host, a port perhaps, a path perhaps; the result has no '/' at its end. A URL with a
// user and a password is refused and not repeated.
Result<std::string> ParseExternalUrl(std::string_view text);

// http://HOSTNAME:PORT of where the API listens, as Prometheus does; of a unix socket http://HOSTNAME.
std::string DefaultExternalUrl(const net::Address& listen);

}  // namespace sidelight::config
