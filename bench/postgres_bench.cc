// What it costs to observe PostgreSQL. Times are for one statement, whichever messages it takes.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <string_view>

#include "collector/protocols/postgres/observer.h"
#include "collector/protocols/postgres/summary.h"
#include "tests/collector/protocols/postgres_wire.h"

namespace sidelight::postgres {
namespace {

using namespace wire;

// One conversation: what one read of each side gives, and how many statements and messages are in it.
struct Traffic {
  std::string request;
  std::string response;
  int statements = 1;
  int messages = 1;
};

class CountingSink final : public ExchangeSink {
 public:
  void Started(const Exchange&) override {}
  void Ended(const Exchange&) override { ++ended; }
  void WentOpaque(OpaqueReason) override { opaque = true; }
  int64_t ended = 0;
  bool opaque = false;
};

void Observe(benchmark::State& state, const Traffic& traffic) {
  CountingSink sink;
  const auto observer = MakeObserver(sink);
  const TimePoint t{Duration(1)};
  observer->OnBytes(Direction::kRequest, StartupMessage({"user", "bob"}) + Parse("P_0", "SELECT * FROM a"),
                    t);
  observer->OnBytes(Direction::kResponse, AuthenticationOk() + ReadyForQuery('I') + ParseComplete(), t);
  sink.ended = 0;
  for (auto _ : state) {
    observer->OnBytes(Direction::kRequest, traffic.request, t);
    observer->OnBytes(Direction::kResponse, traffic.response, t);
  }
  if (sink.opaque || sink.ended != static_cast<int64_t>(state.iterations()) * traffic.statements) {
    state.SkipWithError("the observer did not see every statement");
  }
  const auto each = [](int n) {
    return benchmark::Counter(n, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  };
  state.counters["statement"] = each(traffic.statements);
  state.counters["message"] = each(traffic.messages);
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) *
                          static_cast<int64_t>(traffic.request.size() + traffic.response.size()));
}

// pgbench -S in its three modes: one row of 23 bytes.
constexpr std::string_view kSelect = "SELECT abalance FROM pgbench_accounts WHERE aid = 4711;";

Traffic Simple() {
  return {Query(kSelect),
          RowDescription() + DataRow("12345") + CommandComplete("SELECT 1") + ReadyForQuery('I'), 1, 5};
}
Traffic Extended() {
  return {Parse("", kSelect) + Bind("", "") + DescribePortal("") + Execute("") + Sync(),
          ParseComplete() + BindComplete() + RowDescription() + DataRow("12345") +
              CommandComplete("SELECT 1") + ReadyForQuery('I'),
          1, 11};
}
Traffic NamedStatement() {
  return {
      Bind("", "P_0") + DescribePortal("") + Execute("") + Sync(),
      BindComplete() + RowDescription() + DataRow("12345") + CommandComplete("SELECT 1") + ReadyForQuery('I'),
      1, 9};
}
Traffic Pipelined(int n) {
  Traffic traffic{"", "", n, 5 * n + 2};
  for (int i = 0; i < n; ++i) {
    traffic.request += Bind("", "P_0") + Execute("");
    traffic.response += BindComplete() + DataRow("12345") + CommandComplete("SELECT 1");
  }
  traffic.request += Sync();
  traffic.response += ReadyForQuery('I');
  return traffic;
}
Traffic Rows(int rows, size_t size) {
  Traffic traffic{Query(kSelect), RowDescription(), 1, rows + 4};
  for (int i = 0; i < rows; ++i) traffic.response += DataRow(std::string(size, 'x'));
  traffic.response += CommandComplete("SELECT " + std::to_string(rows)) + ReadyForQuery('I');
  return traffic;
}
Traffic Insert(size_t size) {
  return {Query("INSERT INTO a VALUES ('" + std::string(size, 'x') + "')"),
          CommandComplete("INSERT 0 1") + ReadyForQuery('I'), 1, 3};
}

BENCHMARK_CAPTURE(Observe, simple, Simple());
BENCHMARK_CAPTURE(Observe, extended, Extended());
BENCHMARK_CAPTURE(Observe, prepared, NamedStatement());
BENCHMARK_CAPTURE(Observe, pipelined_16, Pipelined(16));
BENCHMARK_CAPTURE(Observe, rows_1000x20, Rows(1000, 20));
BENCHMARK_CAPTURE(Observe, rows_16x4KiB, Rows(16, 4096));
BENCHMARK_CAPTURE(Observe, insert_4KiB, Insert(4096));
BENCHMARK_CAPTURE(Observe, insert_1MiB, Insert(1024 * 1024));

void Summarize(benchmark::State& state, std::string_view sql) {
  SummaryReader reader;
  for (auto _ : state) {
    reader.Begin();
    reader.Read(sql);
    reader.Finish();
    benchmark::DoNotOptimize(reader.row());
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * static_cast<int64_t>(sql.size()));
}
BENCHMARK_CAPTURE(Summarize, pgbench, kSelect);
BENCHMARK_CAPTURE(
    Summarize, orm,
    "SELECT \"t0\".\"id\", \"t0\".\"name\", \"t0\".\"created_at\", \"t1\".\"total\" FROM \"users\" AS "
    "\"t0\" LEFT OUTER JOIN \"orders\" AS \"t1\" ON \"t1\".\"user_id\" = \"t0\".\"id\" WHERE "
    "\"t0\".\"id\" IN ($1, $2, $3) AND \"t1\".\"state\" = 'paid' ORDER BY \"t0\".\"id\" LIMIT 20");

}  // namespace
}  // namespace sidelight::postgres
