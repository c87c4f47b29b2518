// Queries: /api/v1/query and /api/v1/query_range, as Prometheus answers them. Parameters come in the query
// string or as a form.
//
// Errors are Problems whose code is Prometheus' errorType: bad_data (400) for what the parameters or the
// expression say, execution (422) for what its evaluation meets, timeout and canceled (503).
//
// Thread-safe. Engine, data and clock outlive it.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/http/message.h"
#include "core/metrics/self.h"
#include "core/storage/queryable.h"
#include "rules/promql/engine.h"
#include "rules/promql/parser.h"
#include "src/api/in_flight.h"
#include "src/api/problem.h"
#include "src/api/router.h"

namespace sidelight::api {

struct QueryOptions {
  promql::ParserOptions parser;
  size_t max_result_bytes = 128 << 20;  // of one answer
};

class Queries {
 public:
  // `now` is when an instant query is asked that names no time; `self` counts.
  Queries(const promql::Engine& engine, const storage::Queryable& data, std::function<UnixMillis()> now,
          QueryOptions options, metrics::Self& self, const Clock& clock = SystemClock());
  Queries(const Queries&) = delete;
  Queries& operator=(const Queries&) = delete;

  Answer Instant(const http::Request& request);
  Answer Range(const http::Request& request);

  // Ends the queries that are running, and those that still come; for when the process stops.
  void Cancel() { in_flight_.Cancel(); }

 private:
  class Running;
  struct Ask;

  // What both endpoints have: the query, its timeout, its lookback and how many series may come back.
  tl::expected<Ask, Problem> ReadAsk(const http::Fields& parameters) const;
  template <class Evaluate>
  Answer Run(const http::Request& request, const Ask& ask, const Evaluate& evaluate);
  Answer Counted(Answer answer, TimePoint begun);

  const promql::Engine& engine_;
  const storage::Queryable& data_;
  const std::function<UnixMillis()> now_;
  const QueryOptions options_;
  metrics::Self& self_;
  const Clock& clock_;
  InFlight in_flight_;
};

}  // namespace sidelight::api
