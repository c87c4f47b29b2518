// Evaluation: one query under way: its steps, its data, its limits and what it found worth saying. The
// evaluator of each kind of node (selectors.h, binary.h, aggregation.h, functions/) gets it and asks it for
// the values of the node's parts.
//
// Belongs to one thread. A subquery is an evaluation of its own, with other steps, over the same query.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>

#include "core/base/error.h"
#include "core/storage/queryable.h"
#include "rules/promql/annotations.h"
#include "rules/promql/ast.h"
#include "rules/promql/engine.h"
#include "rules/promql/grid.h"
#include "rules/promql/window.h"

namespace sidelight::promql {

// What is the same for a query and all its subqueries.
struct Query {
  const storage::Queryable& data;
  const EngineOptions& options;
  const Clock& clock;
  TimePoint deadline;
  const Cancellation* cancellation;  // may be null
  int64_t lookback;                  // milliseconds
  UnixMillis start;                  // of the query as a whole: `@ start()`, range(), ...
  UnixMillis end;
  int64_t interval;  // its step; 0 of an instant query
  Annotations annotations;
  uint64_t samples_held = 0;
  uint64_t samples_read = 0;
  // Histograms that are read come with their counter resets told apart, where the store left that open: so
  // below histogram_count and its kind, and not below those that use the buckets.
  bool tell_resets = false;
  // Whoever evaluates the next range function has no use for names: they may stay. The function takes it
  // back.
  bool names_may_stay = false;
  uint64_t charged_since_look = UINT64_MAX / 2;  // samples; the first charge looks at the clock at once
};

class Evaluation {
 public:
  Evaluation(Query* query, Steps steps) : query_(*query), steps_(steps) {}

  const Steps& steps() const { return steps_; }
  Query& query() { return query_; }
  Annotations& annotations() { return query_.annotations; }

  // The value of a scalar or an instant vector. Step-invariant parts are evaluated once and repeated.
  Result<Grid> Eval(const Expr& expr);
  // Of a scalar: its value at each step (NaN where it has none).
  Result<std::vector<double>> EvalScalar(const Expr& expr);
  // Of a string.
  Result<std::string_view> EvalString(const Expr& expr);
  // Of a range vector (a selector or a subquery, parentheses aside): calls `visit` for each series that it
  // finds, with a cursor that gives the window of each step; window.h says how.
  Status EvalRange(const Expr& expr, const std::function<Status(RangeSeries& series)>& visit);

  // The value of a duration, in milliseconds; an error when it is out of range.
  Result<int64_t> Resolve(const DurationValue& duration) const;
  // Where a selector looks when it is evaluated at `time`: the `@` and the offset applied.
  Result<UnixMillis> Shift(const AtModifier& at, const DurationValue& offset, UnixMillis time) const;

  // Says that so many samples more (or less, when negative) are held: an error when they are too many, when
  // the time is up, or when the query was cancelled. Called for each series at the latest.
  Status Charge(int64_t samples);
  // A row that is about to be added to a grid: it takes memory where it holds nothing, too, so a share of its
  // steps is charged before there is one. ChargeFound then adds what it was found to hold beyond that share;
  // of a row that is taken away again, as it holds nothing, gives the share back.
  Status ChargeRow() { return Charge(RowShare()); }
  Status ChargeFound(int64_t samples) {
    return Charge(samples == 0 ? -RowShare() : std::max<int64_t>(samples - RowShare(), 0));
  }
  // A histogram counts as many samples as take as much memory; a float, and an empty cell, is one.
  static int64_t Weight(const FloatHistogram* histogram) {
    return histogram == nullptr ? 1 : HistogramWeight(*histogram);
  }

  // Marks a row as one without a name: at once, or at the end of the query, as the options say.
  void DropName(Grid::Row& row) const;
  // Where names are dropped at once: an error when two rows have a value at the same step under the same
  // labels; rows that do not overlap are merged.
  Status CheckDistinct(Grid* grid) const;

 private:
  static int64_t HistogramWeight(const FloatHistogram& histogram);
  Result<Grid> EvalNode(const Expr& expr);
  // The sparser a row, the cheaper it is, down to this.
  int64_t RowShare() const { return static_cast<int64_t>(steps_.count / 4); }

  Query& query_;
  const Steps steps_;
};

// Puts rows of the same labels together; an error when two of them have a value at the same step.
Status MergeDuplicates(Grid* grid);

}  // namespace sidelight::promql
