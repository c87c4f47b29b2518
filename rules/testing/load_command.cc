#include "rules/testing/load_command.h"

#include <fmt/format.h>

#include <utility>

#include "rules/testing/nhcb.h"

namespace sidelight::promqltest {
namespace {

tl::unexpected<Error> Refused(const Labels& labels, UnixMillis time, const Error& error) {
  return Fail(error.code, fmt::format("{} at {} ms: {}", labels.ToString(), time, error.message));
}

Status LoadSeries(const LoadedSeries& series, int64_t step, storage::Appender& appender) {
  storage::SeriesRef ref = 0;
  for (size_t i = 0; i < series.values.size(); ++i) {
    const SequenceValue& value = series.values[i];
    if (value.omitted) continue;
    const UnixMillis time = static_cast<int64_t>(i) * step;
    UnixMillis start = 0;
    if (!series.start_offsets.empty() && series.start_offsets[i]) start = time + *series.start_offsets[i];
    const Result<storage::SeriesRef> appended =
        value.histogram == nullptr
            ? appender.Append(ref, series.labels, time, value.value, start)
            : appender.AppendHistogram(ref, series.labels, time, value.histogram, start);
    if (!appended) return Refused(series.labels, time, appended.error());
    ref = *appended;
  }
  return {};
}

Status LoadConverted(const ConvertedSeries& series, storage::Appender& appender) {
  storage::SeriesRef ref = 0;
  for (const auto& [time, histogram] : series.histograms) {
    const Result<storage::SeriesRef> appended =
        appender.AppendHistogram(ref, series.labels, time, histogram, 0);
    if (!appended) return Refused(series.labels, time, appended.error());
    ref = *appended;
  }
  return {};
}

Status LoadAll(const LoadCommand& command, storage::Appender& appender) {
  for (const LoadedSeries& series : command.series) {
    if (Status loaded = LoadSeries(series, command.step, appender); !loaded) return loaded;
  }
  if (!command.with_nhcb) return {};
  const Result<std::vector<ConvertedSeries>> converted = ConvertToCustomBuckets(command.series, command.step);
  if (!converted) return tl::unexpected(converted.error());
  for (const ConvertedSeries& series : *converted) {
    if (Status loaded = LoadConverted(series, appender); !loaded) return loaded;
  }
  return {};
}

}  // namespace

Status Load(const LoadCommand& command, storage::Appender& appender) {
  Status loaded = LoadAll(command, appender);
  if (loaded) return appender.Commit();
  appender.Rollback();
  return loaded;
}

}  // namespace sidelight::promqltest
