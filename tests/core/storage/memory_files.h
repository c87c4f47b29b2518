// Files in memory, the twin of the machine's: a disk that can be full, break off in the middle of a write, or
// be looked at. Thread-safe enough for a store, which calls it under its lock.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/storage/files.h"

namespace sidelight::storage {

class MemoryFiles final : public Files, public std::enable_shared_from_this<MemoryFiles> {
 public:
  std::map<std::string, std::string> contents;  // by path
  size_t room = SIZE_MAX;                       // bytes that may still be written; what exceeds is cut off
  bool refuse_folder = false;
  bool refuse_truncate = false;
  bool locked = false;
  int syncs = 0;

  size_t used() const {
    size_t bytes = 0;
    for (const auto& [path, content] : contents) bytes += content.size();
    return bytes;
  }

  Status MakeFolder(const std::string& path) override {
    if (refuse_folder) return Fail(ErrorCode::kInternal, "could not make the folder " + path + ": read-only");
    return {};
  }
  Result<std::unique_ptr<FolderLock>> Lock(const std::string& folder) override {
    if (locked) return Fail(ErrorCode::kUnavailable, folder + " is in use by another process");
    return std::make_unique<HeldLock>(shared_from_this());
  }
  Result<std::vector<std::string>> List(const std::string& folder) override {
    std::vector<std::string> names;
    for (const auto& [path, content] : contents) {
      if (path.starts_with(folder + "/")) names.push_back(path.substr(folder.size() + 1));
    }
    return names;
  }
  Result<std::string> Read(const std::string& path) override {
    const auto at = contents.find(path);
    if (at == contents.end()) return Missing(path);
    return at->second;
  }
  Result<std::unique_ptr<AppendFile>> Create(const std::string& path) override {
    if (contents.contains(path))
      return Fail(ErrorCode::kInternal, "could not create " + path + ": it exists");
    contents[path];
    return std::make_unique<File>(shared_from_this(), path);
  }
  Status Truncate(const std::string& path, uint64_t size) override {
    if (refuse_truncate) return Fail(ErrorCode::kInternal, "could not cut " + path);
    const auto at = contents.find(path);
    if (at == contents.end()) return Missing(path);
    at->second.resize(size);
    return {};
  }
  Status Rename(const std::string& from, const std::string& to) override {
    const auto at = contents.find(from);
    if (at == contents.end()) return Missing(from);
    std::string content = std::move(at->second);
    contents.erase(at);
    contents[to] = std::move(content);
    return {};
  }
  Status Remove(const std::string& path) override {
    if (contents.erase(path) == 0) return Missing(path);
    return {};
  }

 private:
  static tl::unexpected<Error> Missing(const std::string& path) {
    return Fail(ErrorCode::kInternal, path + ": No such file or directory");
  }

  class HeldLock final : public FolderLock {
   public:
    explicit HeldLock(std::shared_ptr<MemoryFiles> files) : files_(std::move(files)) {
      files_->locked = true;
    }
    ~HeldLock() override { files_->locked = false; }

   private:
    const std::shared_ptr<MemoryFiles> files_;
  };

  class File final : public AppendFile {
   public:
    File(std::shared_ptr<MemoryFiles> files, std::string path)
        : files_(std::move(files)), path_(std::move(path)) {}
    Status Append(std::string_view bytes) override {
      const size_t written = std::min(bytes.size(), files_->room);
      if (files_->room != SIZE_MAX) files_->room -= written;
      files_->contents[path_].append(bytes.substr(0, written));
      if (written == bytes.size()) return {};
      return Fail(ErrorCode::kInternal, "could not write to " + path_ + ": No space left on device");
    }
    Status Sync() override {
      ++files_->syncs;
      return {};
    }

   private:
    const std::shared_ptr<MemoryFiles> files_;
    const std::string path_;
  };
};

}  // namespace sidelight::storage
