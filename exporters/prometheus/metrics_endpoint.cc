#include "exporters/prometheus/metrics_endpoint.h"

#include <utility>

#include "exporters/prometheus/negotiation.h"

namespace sidelight::prometheus {

Scrape AnswerScrape(const std::shared_ptr<const Snapshot>& snapshot, const ScrapeRequest& request) {
  Negotiated negotiated = NegotiateFormat(request.accept);
  Scrape scrape;
  scrape.losses =
      wire::WriteExposition(*snapshot, {negotiated.format, negotiated.escaping, request.names}, &scrape.body);
  scrape.content_type = std::move(negotiated.content_type);
  return scrape;
}

}  // namespace sidelight::prometheus
