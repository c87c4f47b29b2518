#include "src/app/storage_source.h"

#include <string>
#include <string_view>

#include "core/model/labels.h"
#include "src/app/families.h"

namespace sidelight::app {
std::vector<MetricFamily> StorageSource::Collect() const {
  using storage::LogState;
  using storage::Refusal;
  const storage::StoreStats stats = store_.Stats();
  Families out;
  out.Gauge("sidelight_storage_series", "Series that the storage holds.").Value(stats.series);
  out.Gauge("sidelight_storage_chunks", "Chunks of samples that the storage holds.").Value(stats.chunks);
  out.Gauge("sidelight_storage_bytes", "Memory that the storage takes, as storage.memory counts it.")
      .Value(stats.bytes);
  out.Gauge("sidelight_storage_chunk_bytes", "The part of it that samples take.").Value(stats.chunk_bytes);
  out.Gauge("sidelight_storage_exemplars", "Exemplars that the storage holds.").Value(stats.exemplars);
  out.Counter("sidelight_storage_samples_appended_total", "Samples that the storage took.")
      .Value(stats.appended);
  out.Counter("sidelight_storage_samples_refused_total", "Samples that the storage refused.");
  for (const Refusal refusal :
       {Refusal::kDuplicate, Refusal::kInvalid, Refusal::kLimit, Refusal::kOutOfOrder}) {
    out.Add({{"reason", storage::RefusalWord(refusal)}}, stats.refused[static_cast<size_t>(refusal)]);
  }
  out.Counter("sidelight_storage_samples_dropped_total",
              "Samples that the storage let go, for the memory budget or the retention.")
      .Add({{"reason", "budget"}}, stats.dropped_by_budget)
      .Add({{"reason", "retention"}}, stats.dropped_by_retention);
  out.Counter("sidelight_storage_clock_steps_total", "Times that the machine's clock stepped back.")
      .Value(stats.clock_steps);
  out.Gauge("sidelight_storage_log_state", "1 for the state that the log is in: failing, off or writing.");
  for (const LogState state : {LogState::kFailing, LogState::kOff, LogState::kWriting}) {
    out.Add({{"state", storage::LogStateWord(state)}}, stats.log_state == state ? 1 : 0);
  }
  out.Gauge("sidelight_storage_log_segments", "Files of the log.").Value(stats.log_segments);
  out.Gauge("sidelight_storage_log_bytes", "Size of the log's files.").Value(stats.log_bytes);
  out.Counter("sidelight_storage_log_errors_total", "Writes to the log that failed.").Value(stats.log_errors);
  out.Counter("sidelight_storage_log_lost_samples_total",
              "Samples that are in memory only, as the log was failing.")
      .Value(stats.log_lost);
  out.Counter("sidelight_storage_log_set_aside_total",
              "Files of the log that were corrupt, or of a newer version, and were renamed.")
      .Value(stats.log_set_aside);
  out.Counter("sidelight_storage_log_torn_total", "Files of the log whose torn end was cut.")
      .Value(stats.log_torn);
  out.Gauge("sidelight_storage_replayed_samples", "Samples that came back from the log at the start.")
      .Value(stats.replayed);
  out.Gauge("sidelight_storage_replay_seconds", "Time that reading the log took at the start.")
      .Value(Seconds(stats.replay_time));
  return out.Take();
}

}  // namespace sidelight::app
