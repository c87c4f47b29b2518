// FileWatcher: says when a file of the configuration has changed.
//
// It looks once a second instead of being told: asking for the identity, size and times of some files costs
// microseconds, needs no watch that the system could refuse, and sees what others do not: a network file
// system, and Kubernetes, which exchanges a ConfigMap's folder behind a symbolic link.
//
// A change is told when two looks in a row have seen the same, so that a file which somebody is writing is
// not read half. What was read before anybody noticed (SIGHUP) is not told again.
//
// Threads: the callback and Look() are the loop's; AboutToRead() and Watch() anybody's.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "core/net/event_loop.h"

namespace sidelight::app {

class FileWatcher {
 public:
  // The loop outlives it; destroyed on its thread or when it
  // has stopped.
  FileWatcher(net::EventLoop& loop, std::function<void()> changed);
  ~FileWatcher();
  FileWatcher(const FileWatcher&) = delete;
  FileWatcher& operator=(const FileWatcher&) = delete;

  // All that is watched, from now on: patterns as config::Match() takes them. What the new ones match now
  // counts as known.
  void Watch(const std::vector<std::string>& patterns);
  // What is there now counts as known: the caller reads it next.
  void AboutToRead();

  // One look; the timer's. Calls back when something has changed and stays as it is.
  void Look();

 private:
  // What tells one state of a file from another; all 0 when there is no such file.
  struct Stamp {
    std::string path;
    uint64_t device = 0;
    uint64_t inode = 0;
    int64_t size = 0;
    int64_t modified = 0;  // nanoseconds since 1970
    int64_t changed = 0;   // of its owner, mode or name, too
    bool operator==(const Stamp&) const = default;
  };
  using Stamps = std::map<std::string, std::vector<Stamp>>;  // by pattern

  static std::vector<Stamp> Find(const std::string& pattern);
  void LookLater();

  net::EventLoop& loop_;
  const std::function<void()> changed_;
  net::TimerId timer_ = net::kNoTimer;
  std::mutex mutex_;
  Stamps known_;
  Stamps seen_;  // at the last look
};

}  // namespace sidelight::app
