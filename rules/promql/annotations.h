// Annotations: what a query's result comes with: warnings (the result may be wrong) and infos (the query may
// not mean what it says). Texts are Prometheus'.
//
// A set by text: of several positions the last one added wins. Belongs to one query and its thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "rules/promql/ast.h"

namespace sidelight::promql {

class Annotations {
 public:
  // `text` is what stands behind "PromQL warning: " and before the position.
  void Warn(Position position, std::string text);
  void Info(Position position, std::string text);
  // Annotations of one text whose details are merged over all samples that they are about.
  void WarnStartTimeOverlap(Position position, std::string_view metric);  // counts its occurrences
  // Classic buckets that were not cumulative: see "input to histogram_quantile needed to be fixed ...".
  void InfoForcedMonotonic(Position position, std::string_view metric, UnixMillis time, double lowest_bucket,
                           double highest_bucket, double max_difference);
  void Merge(const Annotations& other);

  bool empty() const { return warnings_.empty() && infos_.empty(); }
  // Whole texts, "PromQL warning: ... (1:5)", in order of their text; line and column are those in `query`.
  // At most `limit` of each kind, then one line that says how many were left out; 0: all.
  std::vector<std::string> Warnings(std::string_view query, size_t limit = 0) const;
  std::vector<std::string> Infos(std::string_view query, size_t limit = 0) const;

 private:
  // Texts may carry a value of each step; of each kind no more than this many are kept.
  static constexpr size_t kMost = 10'000;

  struct Detail {
    Position position;
    uint64_t occurrences = 0;  // more than one is said, for kinds that count
    bool forced_monotonic = false;
    double lowest = 0;
    double highest = 0;
    double max_difference = 0;
    UnixMillis first = 0;
    UnixMillis last = 0;
  };
  using Set = std::map<std::string, Detail, std::less<>>;
  static std::vector<std::string> Texts(const Set& set, std::string_view prefix, std::string_view query,
                                        size_t limit);
  Set warnings_;
  Set infos_;
};

// "line:column" of a byte, both from 1, the column in bytes.
std::string LineAndColumn(std::string_view text, uint32_t offset);

}  // namespace sidelight::promql
