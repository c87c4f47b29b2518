#include "src/app/file_watcher.h"

#include <sys/stat.h>

#include <span>
#include <utility>

#include "src/config/rule_files.h"

namespace sidelight::app {
namespace {

constexpr Duration kBetweenLooks = std::chrono::seconds(1);

int64_t Nanoseconds(const timespec& t) {
  return int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

}  // namespace

FileWatcher::FileWatcher(net::EventLoop& loop, std::function<void()> changed)
    : loop_(loop), changed_(std::move(changed)) {
  LookLater();
}

FileWatcher::~FileWatcher() {
  loop_.Cancel(timer_);
}

void FileWatcher::Watch(const std::vector<std::string>& patterns) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Stamps known;
  for (const std::string& pattern : patterns) {
    const auto old = known_.find(pattern);
    known[pattern] = old == known_.end() ? Find(pattern) : std::move(old->second);
  }
  known_ = std::move(known);
  seen_ = known_;
}

void FileWatcher::AboutToRead() {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (auto& [pattern, stamps] : known_) stamps = Find(pattern);
  seen_ = known_;
}

void FileWatcher::Look() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    Stamps now;
    for (const auto& [pattern, stamps] : known_) now[pattern] = Find(pattern);
    const bool settled = now == seen_;
    seen_ = std::move(now);
    if (!settled || seen_ == known_) return;
    // Told once: whether what is there can be read is for the callback to say.
    known_ = seen_;
  }
  changed_();
}

std::vector<FileWatcher::Stamp> FileWatcher::Find(const std::string& pattern) {
  const config::Matched matched = config::Match(std::span(&pattern, 1));
  std::vector<Stamp> stamps;
  for (const std::string& path : matched.files) {
    Stamp stamp{.path = path};
    struct stat status {};
    if (stat(path.c_str(), &status) == 0) {
      stamp.device = status.st_dev;
      stamp.inode = status.st_ino;
      stamp.size = status.st_size;
      stamp.modified = Nanoseconds(status.st_mtim);
      stamp.changed = Nanoseconds(status.st_ctim);
    }
    stamps.push_back(std::move(stamp));
  }
  return stamps;
}

void FileWatcher::LookLater() {
  timer_ = loop_.RunAfter(kBetweenLooks, [this] {
    Look();
    LookLater();
  });
}

}  // namespace sidelight::app
