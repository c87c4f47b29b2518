#include "rules/testing/runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "core/storage/store.h"
#include "rules/testing/comparison.h"
#include "rules/testing/pinning.h"
#include "rules/testing/test_file.h"

namespace sidelight::promqltest {
namespace {

constexpr int64_t kMinute = 60'000;

std::string ErrorText(const Error& error) {
  return fmt::format("the error \"{}\"", error.message);
}

// The points of a range query's result at one time, as the result of an instant query.
promql::Value At(const promql::Matrix& matrix, UnixMillis time, bool as_scalar) {
  promql::Vector vector;
  for (const promql::SampleSeries& series : matrix) {
    promql::Sample sample{.labels = series.labels, .time = time};
    const auto has_time = [time](const auto& point) { return point.time == time; };
    if (const auto point = std::find_if(series.floats.begin(), series.floats.end(), has_time);
        point != series.floats.end()) {
      sample.value = point->value;
    } else if (const auto other = std::find_if(series.histograms.begin(), series.histograms.end(), has_time);
               other != series.histograms.end()) {
      sample.histogram = other->histogram;
    } else {
      continue;
    }
    vector.push_back(std::move(sample));
  }
  if (!as_scalar || vector.empty() || vector.front().histogram != nullptr) return vector;
  return promql::Scalar{.time = time, .value = vector.front().value};
}

// Whether an instant query is run as a range query, too.
enum class RangeCheck { kNone, kRun, kCompare };
RangeCheck RangeCheckOf(const EvalCommand& command) {
  if (command.expectation == EvalCommand::Expectation::kRangeVector ||
      command.expectation == EvalCommand::Expectation::kString) {
    return RangeCheck::kNone;
  }
  for (const std::string_view call : {"start()", "end()", "range()", "step()"}) {
    if (command.text.find(call) != std::string::npos) return RangeCheck::kNone;
  }
  return command.ordered ? RangeCheck::kRun : RangeCheck::kCompare;
}

class Run {
 public:
  Run(std::string_view name, const promql::Engine& engine, std::unique_ptr<storage::Store> store)
      : name_(name), engine_(engine), store_(std::move(store)) {}

  static Result<std::unique_ptr<storage::Store>> OpenStore() {
    return storage::Store::Open({.first_zero = false});
  }

  Status Execute(size_t, const ClearCommand&) {
    Result<std::unique_ptr<storage::Store>> empty = OpenStore();
    if (!empty) return tl::unexpected(empty.error());
    store_ = *std::move(empty);
    return {};
  }

  Status Execute(size_t line, const LoadCommand& command) {
    if (Status loaded = Load(command, *store_->MakeAppender()); !loaded) {
      ++report_.failed;
      report_.failures.push_back(fmt::format("{}:{}: load: {}", name_, line, loaded.error().message));
    }
    return {};
  }

  Status Execute(size_t line, const EvalCommand& command) {
    const Comparison mismatch = command.instant ? CheckInstant(command) : CheckRange(command);
    if (!mismatch) {
      ++report_.passed;
      return {};
    }
    ++report_.failed;
    report_.failures.push_back(fmt::format("{}:{}: {}: wanted {}, got {}", name_, line, command.text,
                                           mismatch->wanted, mismatch->got));
    return {};
  }

  Report& report() { return report_; }

 private:
  // The result of a query, its annotations and its failure against what is expected.
  Comparison Check(const EvalCommand& command, const Result<promql::QueryResult>& result,
                   bool positions) const {
    const bool failure_expected = command.expectation == EvalCommand::Expectation::kFailure;
    if (!result) {
      if (failure_expected && command.failure.Matches(result.error().message)) return std::nullopt;
      return Mismatch{failure_expected ? fmt::format("the error {}", command.failure.ToString()) : "a result",
                      ErrorText(result.error())};
    }
    if (!failure_expected) {
      const promql::Annotations& annotations = result->annotations;
      if (Comparison mismatch = CompareAnnotations(command.warnings, "warning",
                                                   annotations.Warnings(command.text), positions)) {
        return mismatch;
      }
      if (Comparison mismatch =
              CompareAnnotations(command.infos, "info", annotations.Infos(command.text), positions)) {
        return mismatch;
      }
    }
    return CompareValue(command, result->value);
  }

  Comparison CheckRange(const EvalCommand& command) const {
    const TimeSpan& span = command.span;
    return Check(command, engine_.Range(*store_, *command.expr, span.start, span.end, span.step, {}), true);
  }

  // The instant query at `time` has been as expected; is it in the middle of a range, too?
  Comparison CheckWithinRange(const EvalCommand& command, const promql::Expr& expr, UnixMillis time) const {
    const RangeCheck check = RangeCheckOf(command);
    if (check == RangeCheck::kNone) return std::nullopt;
    const Result<promql::QueryResult> result =
        engine_.Range(*store_, expr, time - kMinute, time + kMinute, kMinute, {});
    if (!result) return Mismatch{"a result", ErrorText(result.error())};
    if (check == RangeCheck::kRun) return std::nullopt;
    const bool scalar = command.expectation == EvalCommand::Expectation::kScalar;
    return CompareValue(command, At(std::get<promql::Matrix>(result->value), time, scalar));
  }

  Comparison CheckInstantAt(const EvalCommand& command, const promql::Expr& expr, UnixMillis time,
                            bool positions, std::string_view what) const {
    const Result<promql::QueryResult> result = engine_.Instant(*store_, expr, time, {});
    if (Comparison mismatch = Check(command, result, positions)) {
      mismatch->got += what;
      return mismatch;
    }
    if (!result) return std::nullopt;
    if (Comparison mismatch = CheckWithinRange(command, expr, time)) {
      mismatch->got += fmt::format("{} in the middle of a range query of 3 steps", what);
      return mismatch;
    }
    return std::nullopt;
  }

  Comparison CheckInstant(const EvalCommand& command) const {
    const UnixMillis time = command.time;
    if (Comparison mismatch = CheckInstantAt(command, *command.expr, time, true, "")) return mismatch;
    if (CallsTimeFunction(*command.expr)) return std::nullopt;

    // A tree of its own, as the command's remains what was written.
    const Result<promql::ExprPtr> pinned = promql::Parse(command.text, ReferenceParserOptions());
    if (!pinned) return Mismatch{"an expression that parses twice", ErrorText(pinned.error())};
    PinTimes(time, pinned->get());
    const std::vector<UnixMillis> times =
        time == 0 ? std::vector<UnixMillis>{-1000, 0, 1000}
                  : std::vector<UnixMillis>{-10 * time, 0, time / 5, time, 10 * time};
    for (const UnixMillis other : times) {
      const std::string what = fmt::format(" with @ pinned to {} ms, at {} ms", time, other);
      if (Comparison mismatch = CheckInstantAt(command, **pinned, other, false, what)) return mismatch;
    }
    return std::nullopt;
  }

  const std::string_view name_;
  const promql::Engine& engine_;
  std::unique_ptr<storage::Store> store_;
  Report report_;
};

}  // namespace

promql::EngineOptions ReferenceEngineOptions() {
  return {.lookback = std::chrono::minutes(5),
          .default_subquery_step = std::chrono::minutes(1),
          .timeout = std::chrono::seconds(100),
          .max_samples = 10'000,
          .delayed_name_removal = true,
          .start_timestamps = true};
}

promql::ParserOptions ReferenceParserOptions() {
  return {.experimental = true};
}

Result<Report> RunTestFile(std::string_view name, std::string_view text, const Clock& clock) {
  const Result<std::vector<Command>> commands = ParseTestFile(name, text, ReferenceParserOptions());
  if (!commands) return tl::unexpected(commands.error());
  Result<std::unique_ptr<storage::Store>> store = Run::OpenStore();
  if (!store) return tl::unexpected(store.error());
  const promql::Engine engine(ReferenceEngineOptions(), clock);
  Run run(name, engine, *std::move(store));
  for (const Command& command : *commands) {
    const Status executed =
        std::visit([&](const auto& action) { return run.Execute(command.line, action); }, command.action);
    if (!executed) return tl::unexpected(executed.error());
  }
  return std::move(run.report());
}

}  // namespace sidelight::promqltest
