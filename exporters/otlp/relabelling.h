// Relabelling: a destination's own metric_relabel_configs, over snapshots.
//
// Rules are asked once for each series: what they made of it is remembered, as most series are in every
// snapshot. One thread at a time.
#pragma once

#include <tsl/robin_map.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/model/labels.h"
#include "core/model/snapshot.h"
#include "core/relabel/relabel.h"

namespace sidelight::otlp {

class Relabelling {
 public:
  explicit Relabelling(std::vector<relabel::Rule> rules) : rules_(std::move(rules)) {}

  // What is left of `snapshot`, under the labels that the rules say. Of series that get the same labels the
  // first one stays, in the order of what they were called before; the others are left out and added to
  // `duplicates`.
  Snapshot Apply(const Snapshot& snapshot, uint64_t* duplicates);

  bool empty() const { return rules_.empty(); }

 private:
  // What the rules made of the labels of a family's series; nothing: it is dropped.
  using Verdicts = tsl::robin_map<Labels, std::optional<Labels>, LabelsHash>;

  void ApplyTo(const MetricFamily& family, Verdicts* verdicts, std::vector<Metric>* out,
               uint64_t* duplicates) const;

  const std::vector<relabel::Rule> rules_;
  tsl::robin_map<std::string, Verdicts> families_;
};

}  // namespace sidelight::otlp
