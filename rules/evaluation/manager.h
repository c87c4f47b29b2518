// Manager: all groups, each evaluated at every full multiple of its interval.
//
//   Manager manager({.interval = ..., .evaluation = {.query = ..., .appender = ..., .notify = ...}});
//   manager.Update(groups, now);          // at the start, and again after a reload
//   manager.Restore();                    // once, after the first Update: alerts come back from the store
//   manager.RunDue(now);                  // again and again, at the latest at *manager.NextDue()
//
// It has no thread and no timer of its own: whoever drives it says what time it is. Update, Renew, Restore,
// RunDue and NextDue belong to one thread at a time; Groups() may be called from any.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "rules/evaluation/evaluation.h"
#include "rules/evaluation/group.h"
#include "rules/evaluation/rule_file.h"
#include "rules/evaluation/status.h"

namespace sidelight::rules {

class Manager {
 public:
  struct Options {
    Duration interval = std::chrono::seconds(5);  // of groups that name none
    Evaluation evaluation;
  };
  explicit Manager(Options options);
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  // Takes these groups over: each is due at the next multiple of its interval from `now` on, `now` included.
  // A rule that was there before (same file, group, name and labels) keeps its alerts. What is stored of one
  // that is gone is removed, and its series have ended at `now`: they get their stale markers when all groups
  // have been evaluated again, unless another rule writes the same series by then (a group that was renamed).
  void Update(std::vector<GroupDefinition> groups, UnixMillis now);
  // These instead of what the evaluation was given; from the next turn on.
  void Renew(Labels external_labels, Duration resend_delay);
  // Brings back what the evaluation's store knows of them.
  void Restore();

  // Evaluates what is due, each group once, at the latest multiple of its interval that is not after `now`;
  // multiples before that one are missed, and counted.
  void RunDue(UnixMillis now);
  // When the next group is due; nothing when there is none.
  std::optional<UnixMillis> NextDue() const;

  // In order of file and place.
  std::vector<GroupStatus> Groups() const;

 private:
  struct Scheduled {
    std::shared_ptr<Group> group;
    UnixMillis due = 0;
  };
  // A group that was replaced, with series that nobody has inherited.
  struct Replaced {
    std::shared_ptr<Group> group;
    UnixMillis time = 0;  // when that was
    UnixMillis due = 0;   // when all others have been evaluated since
  };
  void ForgetOthers();
  void EndReplaced(UnixMillis now);

  Options options_;
  mutable std::mutex mutex_;  // of the list; the groups themselves have their own
  std::vector<Scheduled> groups_;
  std::vector<Replaced> replaced_;
};

}  // namespace sidelight::rules
