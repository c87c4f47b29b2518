// What / shows: a plain page that names the service, its taps, and where to look next. No scripts.
#pragma once

#include <string>
#include <vector>

namespace sidelight::api {

struct FrontPage {
  struct Tap {
    std::string name;
    std::string protocol;
    std::string listen;
    std::string upstream;
  };

  std::string service;
  std::string version;
  std::vector<Tap> taps;
};

// HTML; every text is escaped.
std::string RenderFrontPage(const FrontPage& page);

}  // namespace sidelight::api
