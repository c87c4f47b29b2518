// Answers PromQL queries over samples from a file, for promql_compliance_test.py:
//
//   compliance_queries SAMPLES < QUERIES > ANSWERS
//
// SAMPLES is OpenMetrics text with a timestamp on each sample, comments aside. QUERIES are JSON objects, one
// a line: {"query": TEXT, "time": MILLIS}, or {"query": TEXT, "start": MILLIS, "end": MILLIS, "step":
// MILLIS}. ANSWERS are, one a line, what the HTTP API would answer.
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/clock.h"
#include "core/storage/store.h"
#include "rules/promql/engine.h"
#include "rules/promql/parser.h"
#include "src/api/query_json.h"

namespace {

using namespace sidelight;

constexpr int kBadUse = 2;
constexpr size_t kSamplesPerCommit = 10'000;

[[noreturn]] void Die(const std::string& message) {
  fmt::print(stderr, "compliance_queries: {}\n", message);
  std::exit(kBadUse);
}

double TakeNumber(std::string_view* text) {
  while (text->starts_with(' ')) text->remove_prefix(1);
  if (text->starts_with('+')) text->remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc()) Die(fmt::format("no number at \"{}\"", *text));
  text->remove_prefix(static_cast<size_t>(end - text->data()));
  return value;
}

void Load(const char* path, storage::Store* store) {
  std::ifstream file(path);
  if (!file) Die(fmt::format("{} cannot be read", path));
  const std::unique_ptr<storage::Appender> appender = store->MakeAppender();
  const auto commit = [&] {
    if (Status committed = appender->Commit(); !committed) Die(committed.error().message);
  };
  // A series' samples stand one after the other.
  std::string series;
  Labels labels;
  storage::SeriesRef ref = 0;
  size_t samples = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.starts_with('#')) continue;
    const size_t end = line.rfind('}') == std::string::npos ? line.find(' ') : line.rfind('}') + 1;
    std::string_view rest = std::string_view(line).substr(end);
    if (std::string_view(line).substr(0, end) != series) {
      series = line.substr(0, end);
      Result<Labels> parsed = promql::ParseMetric(series);
      if (!parsed) Die(parsed.error().message);
      labels = *std::move(parsed);
      ref = 0;
    }
    const double value = TakeNumber(&rest);
    const auto time = static_cast<UnixMillis>(std::llround(TakeNumber(&rest) * 1000));
    const Result<storage::SeriesRef> appended = appender->Append(ref, labels, time, value);
    if (!appended) Die(fmt::format("{}: {}", line, appended.error().message));
    ref = *appended;
    if (++samples % kSamplesPerCommit == 0) commit();
  }
  commit();
  store->Maintain(0);
}

std::string Answer(const promql::Engine& engine, const storage::Store& store, const nlohmann::json& ask) {
  const auto text = ask.at("query").get<std::string>();
  const Result<promql::ExprPtr> expr = promql::Parse(text, {});
  if (!expr) return api::WriteError("bad_data", expr.error().message);
  const Result<promql::QueryResult> result =
      ask.contains("time") ? engine.Instant(store, **expr, ask.at("time").get<UnixMillis>(), {})
                           : engine.Range(store, **expr, ask.at("start").get<UnixMillis>(),
                                          ask.at("end").get<UnixMillis>(), ask.at("step").get<int64_t>(), {});
  if (!result) return api::WriteError("execution", result.error().message);
  const Result<std::string> answer = api::WriteAnswer(*result, text, {.bytes = size_t{1} << 30});
  return answer ? *answer : api::WriteError("execution", answer.error().message);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) Die("usage: compliance_queries SAMPLES < QUERIES > ANSWERS");
  const Result<std::unique_ptr<storage::Store>> store = storage::Store::Open({.first_zero = false});
  if (!store) Die(store.error().message);
  Load(argv[1], store->get());
  const promql::Engine engine({.timeout = std::chrono::minutes(2)}, SystemClock());
  for (std::string line; std::getline(std::cin, line);) {
    const nlohmann::json ask = nlohmann::json::parse(line, nullptr, false);
    if (ask.is_discarded()) Die("not JSON: " + line);
    fmt::print("{}\n", Answer(engine, **store, ask));
  }
  return 0;
}
