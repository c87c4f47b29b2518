// Identity: which tap it is, as the series of every protocol say it.
#pragma once

#include <cstdint>
#include <string>

namespace sidelight::meter {

struct Identity {
  std::string tap;
  // The upstream, on the series of a client tap and of databases; an empty address or port 0 (a unix socket
  // has none) is left out.
  std::string server_address = {};
  uint16_t server_port = 0;
};

}  // namespace sidelight::meter
