// Batches: samples on their way from storage to requests: each series gets the labels that it is sent under
// and its shard, once, and each shard's samples are gathered until they are enough for a request.
//
// One thread at a time.
#pragma once

#include <tsl/robin_map.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/model/labels.h"
#include "core/storage/follower.h"
#include "core/wire/remote_write/series.h"
#include "exporters/delivery/request.h"
#include "exporters/prometheus/remote_write/catalogue.h"
#include "exporters/prometheus/remote_write/settings.h"

namespace sidelight::remote_write {

// A sample, or an exemplar, that storage has taken.
struct Item {
  storage::SeriesRef series = 0;
  Labels labels = {};
  UnixMillis time = 0;
  UnixMillis start = 0;
  double value = 0;
  FloatHistogramPtr histogram = {};                  // null: a float
  std::optional<sidelight::Exemplar> exemplar = {};  // then nothing of the four before counts
};

class Batches {
 public:
  // The families that there are now.
  using Collect = std::function<std::shared_ptr<const Snapshot>()>;

  // `destination` and `clock` outlive it.
  Batches(const Destination& destination, Labels external_labels, Collect collect, const Clock& clock);

  // Gathers them; whatever is enough for a request goes to `out`. An exemplar goes with the samples of its
  // series that are among the items; without any it is left out, as receivers want a series for it.
  void Add(const std::vector<Item>& items, std::vector<delivery::Request>* out);
  // 1.0 has metadata apart from series: a request of it when its time has come, whoever calls.
  void AddMetadata(std::vector<delivery::Request>* out);
  // All that is left.
  void Flush(std::vector<delivery::Request>* out);

  bool empty() const;
  size_t targets() const { return targets_.size(); }  // series that are known

 private:
  // What a series is sent as.
  struct Target {
    Labels source;
    std::optional<Labels> labels;  // none: it is not sent
    bool histogram = false;        // it is not sent for being a histogram
    uint32_t shard = 0;
    uint64_t batch = 0;  // the number of the batch that it is in
    size_t place = 0;    // there
    UnixMillis last_used = 0;
    std::shared_ptr<const Metadata> metadata;  // null: not known
    uint64_t catalogue = 0;                    // the number of the one that was asked for it last
  };
  struct Shard {
    uint64_t number = 1;  // of the batch that is being gathered
    std::vector<Series> series;
    size_t points = 0;
    UnixMillis newest = 0;
  };
  using Exemplars = tsl::robin_map<storage::SeriesRef, std::vector<const Item*>>;

  Target& TargetOf(const Item& item, UnixMillis now);
  Labels SentLabels(const Labels& labels) const;
  void FindMetadata(Target* target);
  void ReadCatalogue(UnixMillis now);
  void Add(const Item& item, UnixMillis now, Exemplars* exemplars, std::vector<delivery::Request>* out);
  void Emit(uint32_t shard, std::vector<delivery::Request>* out);
  void Encode(std::span<const Series> series, uint32_t lane, UnixMillis time,
              std::vector<delivery::Request>* out) const;
  void Forget(UnixMillis now);

  const Destination& destination_;
  const Labels external_labels_;
  const Collect collect_;
  const Clock& clock_;
  tsl::robin_map<storage::SeriesRef, Target> targets_;
  std::vector<Shard> shards_;
  Catalogue catalogue_;
  uint64_t catalogue_number_ = 0;
  UnixMillis catalogue_time_ = 0;
  bool catalogue_lacks_ = false;           // a series that has come since it was read
  std::optional<UnixMillis> metadata_at_;  // when it was sent last, 1.0's
  UnixMillis forgot_ = 0;
};

}  // namespace sidelight::remote_write
