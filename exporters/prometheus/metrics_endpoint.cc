#include "exporters/prometheus/metrics_endpoint.h"

#include <utility>

#include "core/wire/gzip.h"
#include "exporters/prometheus/negotiation.h"

namespace sidelight::prometheus {

Scrape AnswerScrape(const std::shared_ptr<const Snapshot>& snapshot, const ScrapeRequest& request) {
  Negotiated negotiated = NegotiateFormat(request.accept);
  Scrape scrape;
  scrape.losses =
      wire::WriteExposition(*snapshot, {negotiated.format, negotiated.escaping, request.names}, &scrape.body);
  scrape.content_type = std::move(negotiated.content_type);
  Compress(request.accept_encoding, &scrape);
  return scrape;
}

void Compress(std::string_view accept_encoding, Scrape* scrape) {
  if (!AcceptsGzip(accept_encoding)) return;
  if (Result<std::string> packed = wire::Gzip(scrape->body)) {
    scrape->body = std::move(*packed);
    scrape->content_encoding = "gzip";
  }
}

}  // namespace sidelight::prometheus
