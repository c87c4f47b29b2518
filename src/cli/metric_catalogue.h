// The metrics that a Sidelight gives, so that `check` can tell a typo in a rule from a name that will be
// there. docs/metrics.md describes them; tests hold this list to that page and to what a scrape shows.
#pragma once

#include "rules/evaluation/rule_check.h"
#include "src/config/config.h"

namespace sidelight::cli {

// What the taps of a configuration give, in their naming, and Sidelight's own. Complete.
rules::MetricCatalogue CatalogueOf(const config::Config& config);

// What any tap with OpenTelemetry's names gives, and Sidelight's own. Not complete: nobody knows how the
// taps are called.
rules::MetricCatalogue OtelCatalogue();

}  // namespace sidelight::cli
