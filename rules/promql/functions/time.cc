// Functions of time: of the query's, of samples', and of the calendar (in UTC).
#include <array>
#include <chrono>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "rules/promql/functions/function.h"
#include "rules/promql/selectors.h"

namespace sidelight::promql {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// A scalar that has a value of its own at each step.
template <class ValueAt>
Grid ScalarGrid(const Evaluation& evaluation, ValueAt value_at) {
  Grid grid(evaluation.steps().count);
  grid.Add({});
  for (size_t i = 0; i < grid.steps(); ++i) grid.SetFloat(0, i, value_at(i));
  return grid;
}

Result<Grid> Time(Evaluation& evaluation, const Call&) {
  return ScalarGrid(evaluation, [&](size_t i) { return InSeconds(evaluation.steps().At(i)); });
}
Result<Grid> Start(Evaluation& evaluation, const Call&) {
  return ScalarGrid(evaluation, [&](size_t) { return InSeconds(evaluation.query().start); });
}
Result<Grid> End(Evaluation& evaluation, const Call&) {
  return ScalarGrid(evaluation, [&](size_t) { return InSeconds(evaluation.query().end); });
}
Result<Grid> Step(Evaluation& evaluation, const Call&) {
  return ScalarGrid(evaluation, [&](size_t) { return InSeconds(evaluation.query().interval); });
}
Result<Grid> Range(Evaluation& evaluation, const Call&) {
  return ScalarGrid(evaluation,
                    [&](size_t) { return InSeconds(evaluation.query().end - evaluation.query().start); });
}

Result<Grid> WithoutNames(Evaluation& evaluation, Grid grid) {
  for (Grid::Row& row : grid.rows()) evaluation.DropName(row);
  if (Status distinct = evaluation.CheckDistinct(&grid); !distinct) return tl::unexpected(distinct.error());
  return grid;
}

Result<Grid> Timestamp(Evaluation& evaluation, const Call& call) {
  Result<Grid> grid = Grid(0);
  if (const auto* const selector = TryAs<VectorSelector>(Unwrap(*call.args[0]))) {
    grid = EvalSelector(evaluation, *selector, Take::kTime);
    if (!grid) return grid;
  } else {
    grid = evaluation.Eval(*call.args[0]);
    if (!grid) return grid;
    for (size_t row = 0; row < grid->size(); ++row) {
      for (size_t i = 0; i < grid->steps(); ++i) {
        if (grid->Has(row, i)) grid->SetFloat(row, i, InSeconds(evaluation.steps().At(i)));
      }
    }
  }
  return WithoutNames(evaluation, *std::move(grid));
}

// What was reckoned has no start timestamp, so there is no result of it.
Result<Grid> StartTimestamp(Evaluation& evaluation, const Call& call) {
  const auto* const selector = TryAs<VectorSelector>(Unwrap(*call.args[0]));
  if (selector == nullptr) return Grid(evaluation.steps().count);
  Result<Grid> grid = EvalSelector(evaluation, *selector, Take::kStart);
  if (!grid) return grid;
  return WithoutNames(evaluation, *std::move(grid));
}

struct Calendar {
  std::chrono::sys_seconds time;
  std::chrono::sys_days day;
  std::chrono::year_month_day date;
};

double Year(const Calendar& calendar) {
  return static_cast<int>(calendar.date.year());
}
double Month(const Calendar& calendar) {
  return static_cast<unsigned>(calendar.date.month());
}
double DayOfMonth(const Calendar& calendar) {
  return static_cast<unsigned>(calendar.date.day());
}
double DayOfWeek(const Calendar& calendar) {
  return std::chrono::weekday(calendar.day).c_encoding();
}
double DayOfYear(const Calendar& calendar) {
  const std::chrono::sys_days first = calendar.date.year() / std::chrono::January / 1;
  return static_cast<double>((calendar.day - first).count() + 1);
}
double DaysInMonth(const Calendar& calendar) {
  const std::chrono::year_month_day_last last(calendar.date.year(),
                                              std::chrono::month_day_last(calendar.date.month()));
  return static_cast<unsigned>(last.day());
}
double Hour(const Calendar& calendar) {
  return static_cast<double>(std::chrono::floor<std::chrono::hours>(calendar.time - calendar.day).count());
}
double Minute(const Calendar& calendar) {
  return static_cast<double>(std::chrono::floor<std::chrono::minutes>(calendar.time - calendar.day).count() %
                             60);
}

double Of(double seconds, double (*part)(const Calendar&)) {
  constexpr double kLimit = 9e11;  // seconds; beyond it years no longer fit the calendar's type
  if (!std::isfinite(seconds) || std::fabs(seconds) > kLimit) return kNan;
  const std::chrono::sys_seconds time{std::chrono::seconds(static_cast<int64_t>(seconds))};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  return part({time, day, std::chrono::year_month_day(day)});
}

template <double (*Part)(const Calendar&)>
Result<Grid> OfCalendar(Evaluation& evaluation, const Call& call) {
  if (call.args.empty()) {
    return ScalarGrid(evaluation, [&](size_t i) { return Of(InSeconds(evaluation.steps().At(i)), Part); });
  }
  Result<Grid> grid = evaluation.Eval(*call.args[0]);
  if (!grid) return grid;
  std::vector<bool> keep(grid->size());
  for (size_t row = 0; row < grid->size(); ++row) {
    for (size_t i = 0; i < grid->steps(); ++i) {
      if (grid->HasFloat(row, i)) {
        keep[row] = true;
        grid->SetFloat(row, i, Of(grid->floats(row)[i], Part));
      } else {
        grid->Clear(row, i);
      }
    }
  }
  grid->Keep(keep);
  return WithoutNames(evaluation, *std::move(grid));
}

constexpr std::array kFunctions = {
    Implementation{"day_of_month", &OfCalendar<&DayOfMonth>},
    Implementation{"day_of_week", &OfCalendar<&DayOfWeek>},
    Implementation{"day_of_year", &OfCalendar<&DayOfYear>},
    Implementation{"days_in_month", &OfCalendar<&DaysInMonth>},
    Implementation{"end", &End},
    Implementation{"hour", &OfCalendar<&Hour>},
    Implementation{"minute", &OfCalendar<&Minute>},
    Implementation{"month", &OfCalendar<&Month>},
    Implementation{"range", &Range},
    Implementation{"start", &Start},
    Implementation{"start_timestamp", &StartTimestamp},
    Implementation{"step", &Step},
    Implementation{"time", &Time},
    Implementation{"timestamp", &Timestamp},
    Implementation{"year", &OfCalendar<&Year>},
};

}  // namespace

std::span<const Implementation> TimeFunctions() {
  return kFunctions;
}

}  // namespace sidelight::promql
