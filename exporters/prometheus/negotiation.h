// Which exposition a scraper gets, by the headers it sent.
//
// Source: https://prometheus.io/docs/instrumenting/content_negotiation/ , and Prometheus'
// expfmt.NegotiateAccept where the page leaves a choice: the clause with the highest weight that names one of
// our formats wins, equal weights go by their order in the header, wildcards name no format, and a scraper
// that names none of ours gets text 0.0.4.
#pragma once

#include <string>
#include <string_view>

#include "core/wire/exposition/exposition.h"

namespace sidelight::prometheus {

struct Negotiated {
  wire::ExpositionFormat format = wire::ExpositionFormat::kText004;
  wire::EscapingScheme escaping = wire::EscapingScheme::kUnderscores;
  // The reply's Content-Type, with version and charset; with the escaping where the format's version has one,
  // or where the scraper asked for one.
  std::string content_type;
};

// `accept`: the Accept header, several joined with commas; "" when there is none. Clauses that make no sense
// are skipped, and so are those of weight 0.
Negotiated NegotiateFormat(std::string_view accept);

}  // namespace sidelight::prometheus
