// ResultWriter: brings the results of one rule into the store. A series that was in the last result and is
// not in this one ends: it gets a stale marker. Belongs to the thread that evaluates.
#pragma once

#include <cstddef>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/model/labels.h"
#include "core/storage/appender.h"
#include "rules/evaluation/evaluation.h"
#include "rules/promql/value.h"

namespace sidelight::rules {

using WrittenSeries = std::unordered_set<Labels, LabelsHash>;

class ResultWriter {
 public:
  // Appends and commits; readers see it from then on. Gives how many samples the store refused.
  size_t Write(const Evaluation& evaluation, const std::vector<promql::Sample>& samples, UnixMillis time);
  // Takes a series for one of the last result.
  void Adopt(const Labels& labels) { written_.emplace(labels, 0); }
  // Adds the series of the last result.
  void List(WrittenSeries* series) const;
  // Ends them, but for those that somebody else goes on writing.
  void End(const Evaluation& evaluation, const WrittenSeries& elsewhere, UnixMillis time);

 private:
  std::unordered_map<Labels, storage::SeriesRef, LabelsHash> written_;
};

}  // namespace sidelight::rules
