#include "collector/protocols/redis/pending.h"

#include <algorithm>

namespace sidelight::redis {

void PendingQueue::AddFurtherKey(uint32_t keyspace) {
  Pending& command = back();
  const bool first = command.more_runs == 0;
  KeyRun& last = first ? command.first_keys : runs_.back();
  const bool limited = !first && (command.more_runs > kMaxRunsOfOne || runs_.size() >= kMaxRuns);
  if (last.keyspace == keyspace || (limited && last.keyspace == 0)) {
    ++last.keys;
    return;
  }
  runs_.Push() = {limited ? 0 : keyspace, 1};
  ++command.more_runs;
}

KeyRun PendingQueue::FrontRun(size_t i) {
  const Pending& command = front();
  i = std::min<size_t>(i, command.more_runs);
  return i == 0 ? command.first_keys : runs_[i - 1];
}

uint64_t PendingQueue::FrontKeys() {
  uint64_t keys = front().first_keys.keys;
  for (size_t i = 0; i < front().more_runs; ++i) keys += runs_[i].keys;
  return keys;
}

void PendingQueue::PushFrontOf(PendingQueue& from) {
  Push() = from.front();
  if (runs_.size() + back().more_runs > kMaxRuns) {
    back().first_keys = {0, static_cast<uint32_t>(from.FrontKeys())};
    back().more_runs = 0;
  }
  for (size_t i = 0; i < back().more_runs; ++i) runs_.Push() = from.runs_[i];
}

void PendingQueue::Clear() {
  commands_.Clear();
  runs_.Clear();
}

}  // namespace sidelight::redis
