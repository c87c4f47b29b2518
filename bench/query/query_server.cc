// A server that has a Workload in its store and answers PromQL queries as Sidelight does, for query_bench.py:
//
//   query_server PORT ORIGIN END INTERVAL      (the last three in milliseconds)
//
//   /api/v1/query, /api/v1/query_range   the program's own handlers
//   /feed?steps=N                        the next N steps of the workload as one exposition, for a Prometheus
//                                        that is to have the same samples; nothing when there are no more
//   /rules?rounds=N                      evaluates the 100 rules N times
#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bench/query/workload.h"
#include "core/base/clock.h"
#include "core/http/server.h"
#include "core/metrics/self.h"
#include "core/storage/store.h"
#include "rules/promql/engine.h"
#include "rules/promql/parser.h"
#include "src/api/queries.h"

namespace {

using namespace sidelight;

int64_t Number(const std::string& text) {
  return std::strtoll(text.c_str(), nullptr, 10);
}

int64_t Parameter(const http::Request& request, std::string_view name) {
  const std::vector<std::string> values = request.QueryAll(name);
  return values.empty() ? 1 : Number(values.front());
}

http::Response Page(int status, std::string body) {
  return {
      .status = status, .content_type = "text/plain; version=0.0.4", .headers = {}, .body = std::move(body)};
}

http::Response Json(api::Answer answer) {
  return answer ? *std::move(answer) : Page(answer.error().status, answer.error().message);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    fmt::print(stderr, "usage: query_server PORT ORIGIN END INTERVAL\n");
    return 2;
  }
  const auto port = static_cast<uint16_t>(Number(argv[1]));
  const UnixMillis origin = Number(argv[2]);
  const UnixMillis end = Number(argv[3]);
  const int64_t interval = Number(argv[4]);

  const bench::Workload workload(origin);
  const std::unique_ptr<storage::Store> store =
      *storage::Store::Open({.retention = std::chrono::hours(2), .first_zero = false});
  bench::Fill(workload, origin, end, interval, store.get());
  const promql::Engine engine({}, SystemClock());
  metrics::Self self;
  api::Queries queries(
      engine, *store, [end] { return end; }, {}, self);
  std::vector<promql::ExprPtr> rules;
  for (const std::string& text : bench::RuleExpressions()) rules.push_back(*promql::Parse(text, {}));

  std::atomic<int64_t> fed{0};
  const auto handle = [&](const http::Request& request) -> http::Response {
    if (request.path == "/api/v1/query") return Json(queries.Instant(request));
    if (request.path == "/api/v1/query_range") return Json(queries.Range(request));
    if (request.path == "/feed") {
      std::string body;
      for (int64_t steps = Parameter(request, "steps"); steps > 0; --steps) {
        const UnixMillis time = origin + interval * fed++;
        if (time <= end) body += workload.Exposition(time);
      }
      return Page(200, std::move(body));
    }
    if (request.path == "/rules") {
      for (int64_t rounds = Parameter(request, "rounds"); rounds > 0; --rounds) {
        for (const promql::ExprPtr& rule : rules) {
          if (!engine.Instant(*store, *rule, end, {})) return Page(500, "a rule cannot be evaluated\n");
        }
      }
      return Page(200, "done\n");
    }
    return Page(404, "there is no such page\n");
  };
  const auto server = http::Server::Start(
      {.listen = net::Address::Tcp("127.0.0.1", port),
       .error_page = [](const http::Request&,
                        const http::Failure& failure) { return Page(failure.status, ""); }},
      handle);
  if (!server) {
    fmt::print(stderr, "query_server: {}\n", server.error().message);
    return 1;
  }
  // Until it is killed, or whoever started it is gone.
  while (std::getchar() != EOF) {
  }
  return 0;
}
