#include "rules/evaluation/result_writer.h"

#include <memory>
#include <utility>

#include "core/model/stale.h"

namespace sidelight::rules {

size_t ResultWriter::Write(const Evaluation& evaluation, const std::vector<promql::Sample>& samples,
                           UnixMillis time) {
  if (samples.empty() && written_.empty()) return 0;
  const std::unique_ptr<storage::Appender> appender = evaluation.appender();
  std::unordered_map<Labels, storage::SeriesRef, LabelsHash> written;
  written.reserve(samples.size());
  size_t refused = 0;
  for (const promql::Sample& sample : samples) {
    const auto known = written_.find(sample.labels);
    const storage::SeriesRef ref = known == written_.end() ? 0 : known->second;
    const Result<storage::SeriesRef> appended =
        sample.histogram != nullptr ? appender->AppendHistogram(ref, sample.labels, time, sample.histogram)
                                    : appender->Append(ref, sample.labels, time, sample.value);
    if (!appended) ++refused;
    written.emplace(sample.labels, appended.value_or(ref));
  }
  for (const auto& [labels, ref] : written_) {
    if (!written.contains(labels)) (void)appender->Append(ref, labels, time, StaleNan());
  }
  if (!appender->Commit()) refused += samples.size();
  written_ = std::move(written);
  return refused;
}

void ResultWriter::List(WrittenSeries* series) const {
  for (const auto& [labels, ref] : written_) series->insert(labels);
}

void ResultWriter::End(const Evaluation& evaluation, const WrittenSeries& elsewhere, UnixMillis time) {
  std::erase_if(written_, [&](const auto& series) { return elsewhere.contains(series.first); });
  (void)Write(evaluation, {}, time);
}

}  // namespace sidelight::rules
