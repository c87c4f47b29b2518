// /metrics: a snapshot and a scraper's wishes in, the reply out. A plain function without HTTP: the API's
// handler collects the snapshot, calls this, and sends what it returns.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/model/snapshot.h"
#include "core/wire/exposition/exposition.h"

namespace sidelight::prometheus {

struct ScrapeRequest {
  std::string_view accept;               // the Accept header, "" when there is none
  std::span<const std::string> names{};  // the values of the query parameter name[]; empty: every family
};

// A reply of status 200. Which one it is depends on the header, so its Vary names it.
struct Scrape {
  std::string content_type;
  std::string body;
  wire::ExpositionLosses
      losses;  // for a counter and a log line; nothing is lost with classic, distinct names
};

// Thread-safe.
Scrape AnswerScrape(const std::shared_ptr<const Snapshot>& snapshot, const ScrapeRequest& request);

}  // namespace sidelight::prometheus
