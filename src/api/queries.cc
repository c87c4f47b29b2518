#include "src/api/queries.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "src/api/query_json.h"
#include "src/api/query_parameters.h"
#include "src/api/request_parameters.h"

namespace sidelight::api {
namespace {

// Prometheus' own bound: a graph of a week at a minute's resolution, or an hour at a third of a second.
constexpr int64_t kMostSteps = 11'000;

// How queries end, for the counter.
constexpr std::array<std::string_view, 6> kResults = {"success", "bad_data", "execution",
                                                      "timeout", "canceled", "internal"};

metrics::SelfCounter& Count(metrics::Self& self, std::string_view result) {
  return self.Counter("sidelight_queries_total", "PromQL queries over HTTP, by how they ended.",
                      Labels{{"result", result}});
}
metrics::SelfCounter& SecondsOf(metrics::Self& self) {
  return self.Counter("sidelight_query_seconds_total",
                      "Time that PromQL queries over HTTP took, waiting and answering included.");
}
metrics::SelfCounter& SamplesOf(metrics::Self& self) {
  return self.Counter("sidelight_query_samples_total", "Samples that PromQL queries over HTTP read.");
}
metrics::SelfGauge& RunningOf(metrics::Self& self) {
  return self.Gauge("sidelight_queries_running", "PromQL queries over HTTP that are being answered.");
}

}  // namespace

struct Queries::Ask {
  std::string_view query;
  promql::ExprPtr expr;
  promql::Engine::Settings settings;
  bool out_of_time = false;  // a timeout of nothing
  size_t series = 0;         // 0: no limit
};

// One query under way.
class Queries::Running {
 public:
  Running(Queries* queries, http::Client* client)
      : self_(queries->self_), entry_(&queries->in_flight_, client) {
    RunningOf(self_).Add(1);
  }
  ~Running() { RunningOf(self_).Add(-1); }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  const promql::Cancellation* cancellation() const { return &entry_.cancellation(); }

  // What is answered to an error of the evaluation.
  tl::unexpected<Problem> Failed(const Error& error) const {
    switch (error.code) {
      case ErrorCode::kTimeout:
        return entry_.Ended(error.message);
      case ErrorCode::kInternal:
        return Refuse(500, "internal", error.message);
      default:
        return Refuse(422, "execution", error.message);
    }
  }

 private:
  metrics::Self& self_;
  const InFlight::Entry entry_;
};

Queries::Queries(const promql::Engine& engine, const storage::Queryable& data,
                 std::function<UnixMillis()> now, QueryOptions options, metrics::Self& self,
                 const Clock& clock)
    : engine_(engine), data_(data), now_(std::move(now)), options_(options), self_(self), clock_(clock) {
  // So that a rate over them sees the first query.
  for (const std::string_view result : kResults) Count(self_, result).Add(0);
  SecondsOf(self_).Add(0);
  SamplesOf(self_).Add(0);
  RunningOf(self_).Set(0);
}

tl::expected<Queries::Ask, Problem> Queries::ReadAsk(const http::Fields& parameters) const {
  Ask ask;
  if (const std::string_view text = FirstOf(parameters, "limit"); !text.empty()) {
    const Result<size_t> limit = ParseLimit(text);
    if (!limit) return BadParameter("limit", limit.error().message);
    ask.series = *limit;
  }
  if (const std::string_view text = FirstOf(parameters, "timeout"); !text.empty()) {
    const Result<Duration> timeout = ParseSpan(text);
    if (!timeout) return BadParameter("timeout", timeout.error().message);
    ask.settings.timeout = *timeout;
    ask.out_of_time = *timeout <= Duration::zero();
  }
  if (const std::string_view text = FirstOf(parameters, "lookback_delta"); !text.empty()) {
    const Result<Duration> lookback = ParseSpan(text);
    if (!lookback) return BadData("error parsing lookback delta duration: " + lookback.error().message);
    ask.settings.lookback = *lookback;
  }
  ask.query = FirstOf(parameters, "query");
  Result<promql::ExprPtr> expr = promql::Parse(ask.query, options_.parser);
  if (!expr) return BadParameter("query", expr.error().message);
  ask.expr = *std::move(expr);
  return ask;
}

template <class Evaluate>
Answer Queries::Run(const http::Request& request, const Ask& ask, const Evaluate& evaluate) {
  if (ask.out_of_time) return Refuse(503, "timeout", "query timed out in query queue");
  Running running(this, request.client);
  promql::Engine::Settings settings = ask.settings;
  settings.cancellation = running.cancellation();
  const Result<promql::QueryResult> result = evaluate(*ask.expr, settings);
  if (!result) return running.Failed(result.error());
  SamplesOf(self_).Add(static_cast<double>(result->samples_read));
  Result<std::string> body =
      WriteAnswer(*result, ask.query, {.series = ask.series, .bytes = options_.max_result_bytes});
  if (!body) return running.Failed(body.error());
  return JsonResponse(*std::move(body));
}

Answer Queries::Counted(Answer answer, TimePoint begun) {
  SecondsOf(self_).Add(Seconds(clock_.Now() - begun));
  Count(self_, answer ? "success" : answer.error().code).Add();
  return answer;
}

Answer Queries::Instant(const http::Request& request) {
  const TimePoint begun = clock_.Now();
  const auto answer = [&]() -> Answer {
    const auto parameters = ParametersOf(request);
    if (!parameters) return tl::unexpected<Problem>(parameters.error());
    UnixMillis time = now_();
    if (const std::string_view text = FirstOf(*parameters, "time"); !text.empty()) {
      const Result<UnixMillis> given = ParseTime(text);
      if (!given) {
        return BadParameter("time", fmt::format("Invalid time value for 'time': {}", given.error().message));
      }
      time = *given;
    }
    const auto ask = ReadAsk(*parameters);
    if (!ask) return tl::unexpected<Problem>(ask.error());
    return Run(request, *ask, [&](const promql::Expr& expr, const promql::Engine::Settings& settings) {
      return engine_.Instant(data_, expr, time, settings);
    });
  };
  return Counted(answer(), begun);
}

Answer Queries::Range(const http::Request& request) {
  const TimePoint begun = clock_.Now();
  const auto answer = [&]() -> Answer {
    const auto parameters = ParametersOf(request);
    if (!parameters) return tl::unexpected<Problem>(parameters.error());
    const Result<UnixMillis> start = ParseTime(FirstOf(*parameters, "start"));
    if (!start) return BadParameter("start", start.error().message);
    const Result<UnixMillis> end = ParseTime(FirstOf(*parameters, "end"));
    if (!end) return BadParameter("end", end.error().message);
    if (*end < *start) return BadParameter("end", "end timestamp must not be before start time");
    const Result<Duration> step = ParseSpan(FirstOf(*parameters, "step"));
    if (!step) return BadParameter("step", step.error().message);
    const int64_t millis = std::chrono::duration_cast<std::chrono::milliseconds>(*step).count();
    if (millis <= 0) {
      return BadParameter("step",
                          "zero or negative query resolution step widths are not accepted. Try a positive "
                          "integer");
    }
    if ((*end - *start) / millis > kMostSteps) {
      return BadData(
          "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution "
          "(?step=XX)");
    }
    const auto ask = ReadAsk(*parameters);
    if (!ask) return tl::unexpected<Problem>(ask.error());
    const promql::ValueType type = ask->expr->type;
    if (type != promql::ValueType::kScalar && type != promql::ValueType::kVector) {
      return BadParameter("query",
                          fmt::format("invalid expression type \"{}\" for range query, must be Scalar or "
                                      "instant Vector",
                                      promql::ValueTypeName(type)));
    }
    return Run(request, *ask, [&](const promql::Expr& expr, const promql::Engine::Settings& settings) {
      return engine_.Range(data_, expr, *start, *end, millis, settings);
    });
  };
  return Counted(answer(), begun);
}

}  // namespace sidelight::api
