#include "src/api/api.h"

#include <fmt/format.h>

#include <array>
#include <cassert>
#include <utility>

#include "core/base/log.h"
#include "src/api/compression.h"
#include "src/api/correlation.h"
#include "src/api/expressions.h"
#include "src/api/metadata.h"
#include "src/api/prometheus_problem.h"
#include "src/api/rules.h"
#include "src/api/selectors.h"

namespace sidelight::api {
namespace {

constexpr char kText[] = "text/plain; charset=utf-8";

http::Response Text(int status, std::string body) {
  return {.status = status, .content_type = kText, .headers = {}, .body = std::move(body)};
}

http::Response Exposition(Scrape scrape) {
  return {.status = 200,
          .content_type = std::move(scrape.content_type),
          .headers = {},
          .body = std::move(scrape.body)};
}

// A value for metrics that clients cannot multiply.
std::string_view MethodLabel(std::string_view method) {
  constexpr std::array<std::string_view, 7> kKnown = {"GET",    "HEAD",  "POST",   "PUT",
                                                      "DELETE", "PATCH", "OPTIONS"};
  for (const std::string_view known : kKnown) {
    if (method == known) return known;
  }
  return "_OTHER";
}

void LogProblem(const http::Request& request, const Problem& problem, const std::string& correlation_id) {
  // A failure of ours and an attempt at what is forbidden are worth a line; what clients do wrong all day is
  // not.
  const bool notable = (problem.status >= 500 && problem.code != "overloaded") || problem.status == 403;
  const auto write = notable ? log::Info : log::Debug;
  write("an API request was refused", {{"method", request.method},
                                       {"path", request.path},
                                       {"remote", request.remote_address},
                                       {"status", std::to_string(problem.status)},
                                       {"code", problem.code},
                                       {"reason", problem.message},
                                       {"correlation_id", correlation_id}});
}

}  // namespace

Api::Api(Hooks hooks) : hooks_(std::move(hooks)), front_page_(RenderFrontPage(hooks_.front_page)) {
  assert(hooks_.scrape && hooks_.healthy && hooks_.ready && hooks_.reload && hooks_.self != nullptr);
  const auto bind = [this](Answer (Api::*endpoint)(const Call&)) {
    return [this, endpoint](const Call& call) { return (this->*endpoint)(call); };
  };
  router_.Add("GET", "/", bind(&Api::Front));
  router_.Add("GET", "/metrics", bind(&Api::Metrics));
  router_.Add("GET", "/-/healthy", bind(&Api::Healthy));
  router_.Add("GET", "/healthz", bind(&Api::Healthy));
  router_.Add("GET", "/-/ready", bind(&Api::Ready));
  router_.Add("POST", "/-/reload", bind(&Api::Reload));
  router_.Add("PUT", "/-/reload", bind(&Api::Reload));
  router_.Add("GET", "/api/v1/rules", bind(&Api::Rules));
  router_.Add("GET", "/api/v1/alerts", bind(&Api::Alerts));
  if (hooks_.federate) router_.Add("GET", "/federate", bind(&Api::Federate));
  AddStatus(hooks_.status, &router_);
  AddTargets(hooks_.targets, hooks_.collect, &router_);
  for (const char* const method : {"GET", "POST"}) {
    router_.Add(method, "/api/v1/format_query",
                [this](const Call& call) { return FormatQuery(call.request, hooks_.parser); });
    router_.Add(method, "/api/v1/parse_query",
                [this](const Call& call) { return ParseQuery(call.request, hooks_.parser); });
  }
  if (hooks_.catalog != nullptr) AddCatalog(hooks_.catalog, &router_);
  if (hooks_.collect) AddMetadata(hooks_.collect, &router_);
  if (hooks_.queries == nullptr) return;
  for (const char* const method : {"GET", "POST"}) {
    router_.Add(method, "/api/v1/query",
                [this](const Call& call) { return hooks_.queries->Instant(call.request); });
    router_.Add(method, "/api/v1/query_range",
                [this](const Call& call) { return hooks_.queries->Range(call.request); });
  }
}

http::Response Api::Handle(const http::Request& request) {
  const std::string correlation_id = CorrelationId(request);
  return Finish(request, correlation_id, router_.Route({request, correlation_id}));
}

http::Response Api::Refusal(const http::Request& request, const http::Failure& failure) {
  Problem problem{.status = failure.status, .code = std::string(failure.code), .message = failure.message};
  return Finish(request, CorrelationId(request), tl::unexpected<Problem>(std::move(problem)));
}

http::Handler Api::handler() {
  return [this](const http::Request& request) { return Handle(request); };
}

http::ErrorPage Api::error_page() {
  return [this](const http::Request& request, const http::Failure& failure) {
    return Refusal(request, failure);
  };
}

http::Response Api::Finish(const http::Request& request, const std::string& correlation_id, Answer answer) {
  http::Response response;
  if (answer) {
    response = std::move(*answer);
  } else {
    LogProblem(request, answer.error(), correlation_id);
    response = IsPrometheusPath(request.path)
                   ? RenderPrometheusProblem(answer.error())
                   : RenderProblem(answer.error(), correlation_id, hooks_.clock->UnixNow());
  }
  Compress(request, &response);
  response.headers.emplace_back(kCorrelationHeader, correlation_id);
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.headers.emplace_back("Cache-Control", "no-store");
  const std::string status = std::to_string(response.status);
  hooks_.self
      ->Counter("sidelight_api_requests_total", "Requests to Sidelight's own API.",
                {{"path", router_.RouteOf(request.path)},
                 {"method", MethodLabel(request.method)},
                 {"status", status}})
      .Add();
  return response;
}

Answer Api::Metrics(const Call& call) {
  const http::Request& request = call.request;
  http::Response response =
      Exposition(hooks_.scrape(request.HeaderList("Accept"), request.QueryAll("name[]")));
  response.headers.emplace_back("Vary", "Accept");
  return response;
}

Answer Api::Federate(const Call& call) {
  const http::Request& request = call.request;
  const auto selectors = ReadSelectors(request.QueryAll("match[]"));
  if (!selectors) return tl::unexpected<Problem>(selectors.error());
  return Exposition(hooks_.federate(*selectors));
}

Answer Api::Healthy(const Call&) {
  if (hooks_.healthy()) return Text(200, "Sidelight is healthy.\n");
  return Text(503, "Sidelight is not healthy: a loop does not turn.\n");
}

Answer Api::Ready(const Call&) {
  if (hooks_.ready()) return Text(200, "Sidelight is ready.\n");
  return Text(503, "Sidelight is not ready: draining.\n");
}

Answer Api::Reload(const Call& call) {
  const http::Request& request = call.request;
  if (hooks_.lifecycle == Lifecycle::kOff) {
    return Refuse(403, "forbidden",
                  "reloading over HTTP is switched off (web.lifecycle: off); send SIGHUP instead");
  }
  if (hooks_.lifecycle == Lifecycle::kLoopback && !request.from_loopback) {
    return Refuse(403, "forbidden",
                  "reloading is allowed from this machine's loopback address only (web.lifecycle: loopback)");
  }
  const std::lock_guard<std::mutex> one_at_a_time(reload_mutex_);
  const Status status = hooks_.reload();
  if (!status) {
    return Refuse(500, "reload_failed",
                  fmt::format("the configuration was not reloaded, the old one stays in force: {}",
                              status.error().message));
  }
  log::Info("the configuration was reloaded on request",
            {{"remote", request.remote_address}, {"correlation_id", call.correlation_id}});
  return Text(200, "Sidelight has reloaded its configuration.\n");
}

Answer Api::Front(const Call&) {
  return http::Response{
      .status = 200,
      .content_type = "text/html; charset=utf-8",
      .headers = {{"Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"}},
      .body = front_page_};
}

std::vector<rules::GroupStatus> Api::Groups() const {
  return hooks_.rules ? hooks_.rules() : std::vector<rules::GroupStatus>();
}

Answer Api::Rules(const Call& call) {
  return ListRules(call.request, Groups());
}

Answer Api::Alerts(const Call&) {
  return ListAlerts(Groups());
}

}  // namespace sidelight::api
