// Catalog: what there is to be asked about, as Prometheus answers it, for whoever browses (Grafana's query
// builder): /api/v1/labels, /api/v1/label/{name}/values, /api/v1/series and /api/v1/query_exemplars. Labels,
// values and series come sorted.
//
// A request waits for one of the engine's places, and ends at the engine's timeout, when its client leaves
// and when the process stops, as a query does. Errors are Problems whose code is Prometheus' errorType:
// bad_data (400) for what the parameters say, execution (422) when the answer would be too large, timeout and
// canceled (503).
//
// Source: https://prometheus.io/docs/prometheus/latest/querying/api/#querying-metadata and its section on
// exemplars. Thread-safe. Engine, store and clock outlive it.
#pragma once

#include <string_view>

#include "core/base/clock.h"
#include "core/http/message.h"
#include "core/storage/store.h"
#include "rules/promql/engine.h"
#include "src/api/in_flight.h"
#include "src/api/problem.h"
#include "src/api/queries.h"
#include "src/api/router.h"

namespace sidelight::api {

class Catalog {
 public:
  Catalog(const promql::Engine& engine, const storage::Store& data, QueryOptions options,
          const Clock& clock = SystemClock());
  Catalog(const Catalog&) = delete;
  Catalog& operator=(const Catalog&) = delete;

  Answer LabelNames(const http::Request& request);
  // `name` as it stands in the path: escaped names of labels (`U__http_2E_method`) are taken.
  Answer LabelValues(const http::Request& request, std::string_view name);
  Answer Series(const http::Request& request);
  Answer Exemplars(const http::Request& request);

  // Ends the requests that are running, and those that still come; for when the process stops.
  void Cancel() { in_flight_.Cancel(); }

 private:
  class Turn;

  // The texts that `list` gives for the selectors, all of them together.
  template <class List>
  Answer ListTexts(const http::Request& request, const List& list);

  const promql::Engine& engine_;
  const storage::Store& data_;
  const QueryOptions options_;
  const Clock& clock_;
  InFlight in_flight_;
};

// Adds those endpoints; `catalog` outlives the router.
void AddCatalog(Catalog* catalog, Router* router);

}  // namespace sidelight::api
