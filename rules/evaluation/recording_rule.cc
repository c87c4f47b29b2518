#include "rules/evaluation/recording_rule.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "rules/evaluation/result_labels.h"

namespace sidelight::rules {

Result<std::vector<promql::Sample>> RecordingRule::Compute(const Turn& turn) {
  Result<promql::Vector> vector = evaluation().query(*definition().expr, turn.query_time());
  if (!vector) return tl::unexpected(vector.error());
  std::vector<Label> added = {{kMetricName, definition().name}};
  for (const Label label : definition().labels) added.push_back(label);
  for (const std::string& name : definition().removed_labels) added.push_back({name, ""});
  for (promql::Sample& sample : *vector) {
    sample.labels = Override(sample.labels, added);
    sample.time = turn.query_time();
  }
  if (HasTwins(*vector)) {
    return Fail(ErrorCode::kInvalidArgument,
                "vector contains metrics with the same labelset after applying rule labels");
  }
  if (turn.limit > 0 && vector->size() > turn.limit) {
    return Fail(ErrorCode::kLimit,
                fmt::format("exceeded limit of {} with {} series", turn.limit, vector->size()));
  }
  return vector;
}

}  // namespace sidelight::rules
