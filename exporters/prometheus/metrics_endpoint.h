// /metrics: a snapshot and a scraper's headers in, the reply out. A plain function without HTTP: the API's
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
  std::string_view accept_encoding;      // the Accept-Encoding header, likewise
  std::span<const std::string> names{};  // the values of the query parameter name[]; empty: every family
};

// A reply of status 200. Which one it is depends on both headers, so its Vary is "Accept, Accept-Encoding".
struct Scrape {
  std::string content_type;
  std::string content_encoding;  // "gzip", or "" for none
  std::string body;
  wire::ExpositionLosses
      losses;  // for a counter and a log line; nothing is lost with classic, distinct names
};

// Cannot fail: where compression does, the body goes out as it is. Thread-safe.
Scrape AnswerScrape(const std::shared_ptr<const Snapshot>& snapshot, const ScrapeRequest& request);

// Packs the body where the Accept-Encoding header allows that.
void Compress(std::string_view accept_encoding, Scrape* scrape);

}  // namespace sidelight::prometheus
