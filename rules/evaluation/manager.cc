#include "rules/evaluation/manager.h"

#include <algorithm>
#include <map>
#include <utility>

#include "core/base/log.h"

namespace sidelight::rules {
namespace {

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
  for (const auto& [id, scheduled] : old) scheduled.group->End(now);
  ForgetOthers();
}

void Manager::Restore() {
  AlertStore* const store = options_.evaluation.store;
  if (store == nullptr) return;
  const Duration outage = options_.evaluation.outage;
  const auto outage_millis = std::chrono::duration_cast<std::chrono::milliseconds>(outage).count();
  for (AlertStore::Stored& stored : store->Load()) {
    if (stored.alert.state == AlertState::kPending) {
      if (outage > kOutageTolerance) continue;
      stored.alert.active_at += outage_millis;
    }
    for (const Scheduled& scheduled : groups_) {
      if (scheduled.group->Restore(stored.rule, stored.alert)) break;
    }
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
