// The API: every endpoint that Sidelight serves at `listen`, as functions from a request to a response
// (docs/api.md). Knows no sockets; core/http's server calls it:
//
//   api::Api api(hooks);
//   http::Server::Start({.listen = address, .error_page = api.error_page()}, api.handler());
//
// What it shows and sets off comes in as functions. Every response carries X-Correlation-Id, and goes out as
// gzip to who takes that; every error has the shape of problem.h (below /api/v1 that of Prometheus) and a log
// line with that id. Thread-safe. Outlives the server.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/http/message.h"
#include "core/metrics/self.h"
#include "core/model/matcher.h"
#include "core/model/snapshot.h"
#include "rules/evaluation/status.h"
#include "rules/promql/parser.h"
#include "src/api/catalog.h"
#include "src/api/front_page.h"
#include "src/api/problem.h"
#include "src/api/queries.h"
#include "src/api/router.h"
#include "src/api/status.h"
#include "src/api/targets.h"

namespace sidelight::api {

// Who may call POST /-/reload.
enum class Lifecycle { kLoopback, kOff, kAny };

// A collected and written exposition.
struct Scrape {
  std::string content_type;
  std::string body;
};

// The functions are called on the server's threads, several at once; all are required but for `federate` and
// `rules`.
struct Hooks {
  // Collects and writes, in the format that the header Accept (a list, as sent) asks for. `names` are the
  // families asked for with name[]; none means all.
  std::function<Scrape(std::string_view accept, const std::vector<std::string>& names)> scrape;
  std::function<bool()> healthy;
  std::function<bool()> ready;     // false while draining
  std::function<Status()> reload;  // never called twice at a time
  // Writes the newest samples of the series that one of `selectors` selects, as /federate does; null: not
  // there.
  std::function<Scrape(const std::vector<std::vector<Matcher>>& selectors)> federate;
  Queries* queries = nullptr;  // /api/v1/query, /api/v1/query_range; null: not there. Outlives the Api
  Catalog* catalog = nullptr;  // /api/v1/labels, series and the like; null: not there. Outlives the Api
  std::function<std::shared_ptr<const Snapshot>()>
      collect;  // all families, for /api/v1/metadata and targets/metadata; null: not there
  // The rule groups as they are now, for /api/v1/rules and /api/v1/alerts; null: there are none.
  std::function<std::vector<rules::GroupStatus>()> rules;
  promql::ParserOptions parser;   // of /api/v1/format_query and parse_query
  StatusHooks status;             // empty: not there
  TargetHooks targets;            // empty: not there
  metrics::Self* self = nullptr;  // counts the requests; outlives the Api
  const Clock* clock = &SystemClock();
  Lifecycle lifecycle = Lifecycle::kLoopback;
  FrontPage front_page;
};

class Api {
 public:
  explicit Api(Hooks hooks);
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  http::Response Handle(const http::Request& request);
  // For what the server refuses before Handle() could see it.
  http::Response Refusal(const http::Request& request, const http::Failure& failure);

  // The two above as the server takes them.
  http::Handler handler();
  http::ErrorPage error_page();

 private:
  Answer Metrics(const Call& call);
  Answer Federate(const Call& call);
  Answer Healthy(const Call& call);
  Answer Ready(const Call& call);
  Answer Reload(const Call& call);
  Answer Front(const Call& call);
  Answer Rules(const Call& call);
  Answer Alerts(const Call& call);
  std::vector<rules::GroupStatus> Groups() const;
  http::Response Finish(const http::Request& request, const std::string& correlation_id, Answer answer);

  const Hooks hooks_;
  const std::string front_page_;
  Router router_;
  std::mutex reload_mutex_;
};

}  // namespace sidelight::api
