// Group: rules that are evaluated together, in order, each seeing what the last one wrote.
//
// Evaluate() and what changes the group belong to one thread; status() may be called from any.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/clock.h"
#include "rules/evaluation/alert.h"
#include "rules/evaluation/evaluation.h"
#include "rules/evaluation/result_writer.h"
#include "rules/evaluation/rule.h"
#include "rules/evaluation/rule_file.h"
#include "rules/evaluation/status.h"

namespace sidelight::rules {

class Group {
 public:
  // `interval` is that of a group that names none. The evaluation outlives it.
  Group(GroupDefinition definition, Duration interval, const Evaluation& evaluation);
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  int64_t interval() const { return interval_; }  // milliseconds
  // Of its rules, in their order.
  std::vector<std::string> Keys() const;

  // Takes over what those rules of `old` know that are in this group too, and what they have written.
  void Inherit(Group& old);
  // Takes back an alert that was stored; false when it is of no rule of this group.
  bool Restore(const std::string& key, const Alert& alert);

  // All rules at that time.
  void Evaluate(UnixMillis time);
  // Adds the series that its rules have written last, and nobody has inherited.
  void List(WrittenSeries* series) const;
  // Ends these, but for those that somebody else goes on writing.
  void End(const WrittenSeries& elsewhere, UnixMillis time);
  void CountMissed(uint64_t iterations);

  GroupStatus status() const;

 private:
  struct Member {
    std::unique_ptr<Rule> rule;
    ResultWriter writer;
  };
  Member* Find(const std::string& key);

  const GroupDefinition definition_;  // without its rules, which have their own
  const int64_t interval_;
  const int64_t offset_;
  const Evaluation& evaluation_;
  std::vector<Member> members_;
  std::unordered_map<std::string_view, Member*> by_key_;
  mutable std::mutex mutex_;  // of what follows
  std::optional<UnixMillis> last_evaluation_;
  Duration evaluation_time_{};
  uint64_t evaluations_ = 0;
  uint64_t missed_ = 0;
  uint64_t failures_ = 0;
  uint64_t refused_ = 0;
};

}  // namespace sidelight::rules
