#include "exporters/prometheus/remote_write/batches.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "core/model/stale.h"
#include "core/relabel/relabel.h"
#include "core/wire/remote_write/encode.h"
#include "exporters/prometheus/remote_write/payload.h"

namespace sidelight::remote_write {
namespace {

constexpr std::string_view kName = "__name__";
constexpr int64_t kMinute = 60'000;
// New families are looked for so often at most.
constexpr int64_t kCatalogueAge = 10'000;
// A series of which nothing has come for so long is looked at anew when it comes again.
constexpr int64_t kForgetAfter = 10 * kMinute;
// Prometheus refuses a sample that is an hour behind its newest one, and with it the request that it is in.
constexpr int64_t kOldestZero = 55 * kMinute;
// Of a request before compression. Receivers refuse four times as much.
constexpr size_t kMaxRawBytes = size_t{8} << 20;

// What relabelling kept for itself (`__tmp_...`) is not sent.
Labels WithoutHidden(const Labels& labels) {
  std::vector<Label> shown;
  for (const Label label : labels) {
    if (!label.name.starts_with("__") || label.name == kName) shown.push_back(label);
  }
  return shown.size() == labels.size() ? labels : Labels(shown);
}

}  // namespace

Batches::Batches(const Destination& destination, Labels external_labels, Collect collect, const Clock& clock)
    : destination_(destination),
      external_labels_(std::move(external_labels)),
      collect_(std::move(collect)),
      clock_(clock),
      shards_(destination.shards) {}

bool Batches::empty() const {
  return std::all_of(shards_.begin(), shards_.end(), [](const Shard& shard) { return shard.series.empty(); });
}

void Batches::Add(const std::vector<Item>& items, std::vector<delivery::Request>* out) {
  const UnixMillis now = clock_.UnixNow();
  const bool is_fresh = now >= catalogue_time_ && now - catalogue_time_ < kCatalogueAge;
  if (catalogue_lacks_ && !is_fresh) ReadCatalogue(now);
  // Those of a commit come after all of its samples, when many of these have been sent already.
  Exemplars exemplars;
  if (destination_.send_exemplars) {
    for (const Item& item : items) {
      if (item.exemplar) exemplars[item.series].push_back(&item);
    }
  }
  for (const Item& item : items) {
    if (!item.exemplar) Add(item, now, &exemplars, out);
  }
  Forget(now);
}

void Batches::Add(const Item& item, UnixMillis now, Exemplars* exemplars,
                  std::vector<delivery::Request>* out) {
  // A counter's first zero, when it began to count long before anybody saw it.
  if (item.time == item.start && now - item.time > kOldestZero) return;
  Target& target = TargetOf(item, now);
  if (!target.labels || (item.histogram != nullptr && !destination_.send_native_histograms)) return;
  Shard& shard = shards_[target.shard];
  // Samples and histograms do not mix: what is of another kind than before gets a new place.
  const bool fits = target.batch == shard.number &&
                    (item.histogram != nullptr ? shard.series[target.place].samples.empty()
                                               : shard.series[target.place].histograms.empty());
  if (!fits) {
    target.batch = shard.number;
    target.place = shard.series.size();
    Series series{.labels = *target.labels};
    FindMetadata(&target);
    if (target.metadata != nullptr) series.metadata = *target.metadata;
    shard.series.push_back(std::move(series));
  }
  Series& series = shard.series[target.place];
  if (item.histogram != nullptr) {
    series.histograms.push_back({item.histogram, item.time, item.start});
  } else {
    series.samples.push_back({item.value, item.time, item.start});
  }
  if (const auto found = exemplars->find(item.series); found != exemplars->end()) {
    for (const Item* const exemplar : found->second)
      series.exemplars.push_back(ExemplarOf(*exemplar->exemplar));
    exemplars->erase(found);
  }
  // By its newest sample, as a counter's first zero may be old.
  shard.newest = std::max(shard.newest, item.time);
  if (++shard.points >= destination_.max_samples_per_send) Emit(target.shard, out);
}

void Batches::Flush(std::vector<delivery::Request>* out) {
  for (uint32_t shard = 0; shard < shards_.size(); ++shard) Emit(shard, out);
}

void Batches::Emit(uint32_t number, std::vector<delivery::Request>* out) {
  Shard& shard = shards_[number];
  if (shard.points > 0) Encode(shard.series, number, shard.newest, out);
  ++shard.number;
  shard.series.clear();
  shard.points = 0;
  shard.newest = 0;
}

void Batches::Encode(std::span<const Series> series, uint32_t lane, UnixMillis time,
                     std::vector<delivery::Request>* out) const {
  const bool second = destination_.message == Message::kWrite2;
  const EncodedWrite encoded =
      second ? Encode2(series)
             : Encode1(series, {}, {.native_histograms = destination_.send_native_histograms});
  if (encoded.raw_bytes > kMaxRawBytes && series.size() > 1) {
    const size_t half = series.size() / 2;
    Encode(series.first(half), lane, time, out);
    Encode(series.subspan(half), lane, time, out);
    return;
  }
  out->push_back({.body = Pack({.message = destination_.message, .body = encoded.body}),
                  .points = encoded.samples + encoded.histograms,
                  .time = time,
                  .lane = lane});
}

Batches::Target& Batches::TargetOf(const Item& item, UnixMillis now) {
  Target& target = targets_[item.series];
  target.last_used = now;
  // Where its histograms are not sent, the marker of its end is not, either.
  const bool returns = target.histogram && item.histogram == nullptr && !IsStale(item.value);
  if (target.source == item.labels && !returns) return target;
  target = Target{.source = item.labels, .last_used = now};
  if (item.histogram != nullptr && !destination_.send_native_histograms) {
    target.histogram = true;
    return target;
  }
  std::optional<Labels> labels = relabel::Apply(destination_.write_relabel_configs, SentLabels(item.labels));
  if (!labels || labels->Get(kName).empty()) return target;
  target.labels = WithoutHidden(*labels);
  target.shard = static_cast<uint32_t>(target.labels->hash() % shards_.size());
  return target;
}

// With the external labels that it does not have itself.
Labels Batches::SentLabels(const Labels& labels) const {
  std::vector<Label> all;
  for (const Label label : external_labels_) {
    if (labels.Get(label.name).empty()) all.push_back(label);
  }
  if (all.empty()) return labels;
  for (const Label label : labels) all.push_back(label);
  return Labels(all);
}

void Batches::FindMetadata(Target* target) {
  if (destination_.message != Message::kWrite2 || target->metadata != nullptr) return;
  const bool is_new = target->catalogue == 0;
  if (!is_new && target->catalogue == catalogue_number_) return;
  const std::string_view name = target->source.Get(kName);
  if (catalogue_number_ == 0) ReadCatalogue(clock_.UnixNow());
  target->metadata = catalogue_.Find(name);
  target->catalogue = catalogue_number_;
  // Recorded series are in none, so those that were looked for once are no reason to read another one.
  if (is_new && target->metadata == nullptr) catalogue_lacks_ = true;
}

void Batches::ReadCatalogue(UnixMillis now) {
  catalogue_ = Catalogue(*collect_());
  catalogue_time_ = now;
  ++catalogue_number_;
  catalogue_lacks_ = false;
}

void Batches::AddMetadata(std::vector<delivery::Request>* out) {
  if (destination_.message != Message::kWrite1 || !destination_.send_metadata) return;
  const UnixMillis now = clock_.UnixNow();
  const auto interval =
      std::chrono::duration_cast<std::chrono::milliseconds>(destination_.metadata_interval).count();
  if (metadata_at_ && now >= *metadata_at_ && now - *metadata_at_ < interval) return;
  metadata_at_ = now;
  const std::vector<FamilyMetadata> families = Catalogue(*collect_()).Families();
  if (families.empty()) return;
  out->push_back({.body = Pack({.message = Message::kWrite1, .body = Encode1({}, families).body}),
                  .points = 0,
                  .time = now,
                  .lane = 0});
}

void Batches::Forget(UnixMillis now) {
  if (now >= forgot_ && now - forgot_ < kMinute) return;
  forgot_ = now;
  for (auto target = targets_.begin(); target != targets_.end();) {
    target = now - target->second.last_used > kForgetAfter ? targets_.erase(target) : std::next(target);
  }
}

}  // namespace sidelight::remote_write
