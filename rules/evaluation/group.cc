#include "rules/evaluation/group.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "core/base/log.h"

namespace sidelight::rules {
namespace {

int64_t Millis(Duration d) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(d).count();
}

// People read it, in the log and in the state.
std::string KeyOf(const GroupDefinition& group, const RuleDefinition& rule) {
  return fmt::format("{};{};{}{}", group.file, group.name, rule.name, rule.labels.ToString());
}

GroupDefinition WithoutRules(const GroupDefinition& definition) {
  return {.file = definition.file,
          .name = definition.name,
          .interval = definition.interval,
          .query_offset = definition.query_offset,
          .limit = definition.limit,
          .rules = {}};
}

}  // namespace

Group::Group(GroupDefinition definition, Duration interval, const Evaluation& evaluation)
    : definition_(WithoutRules(definition)),
      interval_(Millis(definition.interval.value_or(interval))),
      offset_(Millis(definition.query_offset.value_or(Duration::zero()))),
      evaluation_(evaluation) {
  std::map<std::string, int> alike;
  for (RuleDefinition& rule : definition.rules) {
    std::string key = KeyOf(definition, rule);
    if (const int number = ++alike[key]; number > 1) key += fmt::format("#{}", number);
    members_.push_back({MakeRule(std::move(rule), std::move(key), evaluation), {}});
  }
  for (Member& member : members_) by_key_.emplace(member.rule->key(), &member);
}

std::vector<std::string> Group::Keys() const {
  std::vector<std::string> keys;
  for (const Member& member : members_) keys.push_back(member.rule->key());
  return keys;
}

Group::Member* Group::Find(const std::string& key) {
  const auto it = by_key_.find(key);
  return it == by_key_.end() ? nullptr : it->second;
}

void Group::Inherit(Group& old) {
  for (Member& member : members_) {
    Member* const known = old.Find(member.rule->key());
    if (known == nullptr || known->rule->definition().kind != member.rule->definition().kind) continue;
    member.rule->Inherit(*known->rule);
    member.writer = std::exchange(known->writer, {});
  }
  const std::scoped_lock lock(mutex_, old.mutex_);
  last_evaluation_ = old.last_evaluation_;
  evaluation_time_ = old.evaluation_time_;
  evaluations_ = old.evaluations_;
  missed_ = old.missed_;
  failures_ = old.failures_;
  refused_ = old.refused_;
}

bool Group::Restore(const std::string& key, const Alert& alert) {
  Member* const member = Find(key);
  if (member == nullptr) return false;
  for (const Labels& series : member->rule->Restore(alert)) member->writer.Adopt(series);
  return true;
}

void Group::Evaluate(UnixMillis time) {
  const TimePoint begun = evaluation_.clock->Now();
  const Turn turn{.time = time, .offset = offset_, .interval = interval_, .limit = definition_.limit};
  uint64_t failures = 0;
  uint64_t refused = 0;
  for (Member& member : members_) {
    const Result<std::vector<promql::Sample>> samples = member.rule->Evaluate(turn);
    if (samples) {
      refused += member.writer.Write(evaluation_, *samples, turn.query_time());
    } else {
      ++failures;
    }
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  last_evaluation_ = time;
  evaluation_time_ = evaluation_.clock->Now() - begun;
  ++evaluations_;
  failures_ += failures;
  refused_ += refused;
}

void Group::List(WrittenSeries* series) const {
  for (const Member& member : members_) member.writer.List(series);
}

void Group::End(const WrittenSeries& elsewhere, UnixMillis time) {
  // Behind what was written last, be it of the same moment.
  if (last_evaluation_) time = std::max(time, *last_evaluation_ + 1);
  for (Member& member : members_) member.writer.End(evaluation_, elsewhere, time - offset_);
}

void Group::CountMissed(uint64_t iterations) {
  const std::lock_guard<std::mutex> lock(mutex_);
  missed_ += iterations;
}

GroupStatus Group::status() const {
  GroupStatus status{.file = definition_.file,
                     .name = definition_.name,
                     .interval = std::chrono::milliseconds(interval_),
                     .query_offset = std::chrono::milliseconds(offset_),
                     .limit = definition_.limit};
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    status.last_evaluation = last_evaluation_;
    status.evaluation_time = evaluation_time_;
    status.evaluations = evaluations_;
    status.missed_iterations = missed_;
    status.failures = failures_;
    status.refused_samples = refused_;
  }
  for (const Member& member : members_) status.rules.push_back(member.rule->status());
  return status;
}

}  // namespace sidelight::rules
