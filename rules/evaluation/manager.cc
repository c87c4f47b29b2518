#include "rules/evaluation/manager.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

#include "core/base/log.h"

namespace sidelight::rules {
namespace {

int64_t Millis(Duration d) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(d).count();
}

// The first multiple of `interval` that is not before `time`.
UnixMillis NextMultiple(UnixMillis time, int64_t interval) {
  const int64_t before = time / interval * interval;
  return before < time ? before + interval : before;
}

}  // namespace

Manager::Manager(Options options) : options_(std::move(options)) {}

void Manager::Update(std::vector<GroupDefinition> groups, UnixMillis now) {
  using Id = std::pair<std::string, std::string>;
  std::map<Id, Scheduled> old;
  for (const Scheduled& known : groups_) {
    const GroupStatus status = known.group->status();
    old.emplace(Id{status.file, status.name}, known);
  }
  std::vector<Scheduled> fresh;
  for (GroupDefinition& definition : groups) {
    const auto known = old.find(Id{definition.file, definition.name});
    Scheduled scheduled{
        .group = std::make_shared<Group>(std::move(definition), options_.interval, options_.evaluation)};
    scheduled.due = NextMultiple(now, scheduled.group->interval());
    if (known != old.end()) {
      scheduled.group->Inherit(*known->second.group);
      // A turn that has been served is not served again.
      const bool same_pace = known->second.group->interval() == scheduled.group->interval();
      if (same_pace) scheduled.due = known->second.due;
    }
    fresh.push_back(std::move(scheduled));
  }
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    groups_ = std::move(fresh);
  }
  UnixMillis due = now;
  for (const Scheduled& scheduled : groups_) due = std::max(due, scheduled.due);
  // After that nobody sees the series anyway.
  due = std::min(due, now + Millis(options_.evaluation.lookback));
  for (const auto& [id, scheduled] : old) {
    WrittenSeries left;
    scheduled.group->List(&left);
    if (!left.empty()) replaced_.push_back({.group = scheduled.group, .time = now, .due = due});
  }
  if (groups_.empty()) EndReplaced(now);
  ForgetOthers();
}

// A marker before the rule's new place has been evaluated would make a gap in what is only written from
// elsewhere, which other rules see.
void Manager::EndReplaced(UnixMillis now) {
  const auto is_due = [now](const Replaced& replaced) { return replaced.due <= now; };
  if (std::none_of(replaced_.begin(), replaced_.end(), is_due)) return;
  WrittenSeries written;
  for (const Scheduled& scheduled : groups_) scheduled.group->List(&written);
  for (const Replaced& replaced : replaced_) {
    if (is_due(replaced)) replaced.group->End(written, replaced.time);
  }
  std::erase_if(replaced_, is_due);
}

void Manager::Renew(Labels external_labels, Duration resend_delay) {
  options_.evaluation.external_labels = std::move(external_labels);
  options_.evaluation.resend_delay = resend_delay;
}

void Manager::Restore() {
  AlertStore* const store = options_.evaluation.store;
  if (store == nullptr) return;
  std::unordered_map<std::string, Group*> groups;
  for (const Scheduled& scheduled : groups_) {
    for (std::string& key : scheduled.group->Keys()) groups.emplace(std::move(key), scheduled.group.get());
  }
  for (const AlertStore::Stored& stored : store->Load()) {
    const auto group = groups.find(stored.rule);
    if (group != groups.end()) group->second->Restore(stored.rule, stored.alert);
  }
}

// What is stored of rules that are gone would otherwise come back with one of the same key.
void Manager::ForgetOthers() {
  AlertStore* const store = options_.evaluation.store;
  if (store == nullptr) return;
  std::vector<std::string> keys;
  for (const Scheduled& scheduled : groups_) {
    for (std::string& key : scheduled.group->Keys()) keys.push_back(std::move(key));
  }
  if (const Status retained = store->Retain(keys); !retained) {
    log::Warn("the state of rules that are gone was not removed", {{"error", retained.error().message}});
  }
}

void Manager::RunDue(UnixMillis now) {
  for (Scheduled& scheduled : groups_) {
    if (scheduled.due > now) continue;
    const int64_t interval = scheduled.group->interval();
    const UnixMillis time = now / interval * interval;
    if (time > scheduled.due) {
      scheduled.group->CountMissed(static_cast<uint64_t>((time - scheduled.due) / interval));
    }
    scheduled.due = time + interval;
    scheduled.group->Evaluate(time);
  }
  EndReplaced(now);
}

std::optional<UnixMillis> Manager::NextDue() const {
  std::optional<UnixMillis> next;
  for (const Scheduled& scheduled : groups_) next = std::min(next.value_or(scheduled.due), scheduled.due);
  return next;
}

std::vector<GroupStatus> Manager::Groups() const {
  std::vector<std::shared_ptr<Group>> groups;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const Scheduled& scheduled : groups_) groups.push_back(scheduled.group);
  }
  std::vector<GroupStatus> out;
  for (const auto& group : groups) out.push_back(group->status());
  return out;
}

}  // namespace sidelight::rules
