// Files: what the log needs of a file system, as an interface, so that a disk that fails can be tested.
// Not thread-safe: the log calls it under the store's lock. Errors are the system's (kInternal), with the
// path.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"

namespace sidelight::storage {

// A file that is written at its end only.
class AppendFile {
 public:
  virtual ~AppendFile() = default;
  // After an error any part of the bytes may have been written.
  virtual Status Append(std::string_view bytes) = 0;
  virtual Status Sync() = 0;  // to the disk
};

// Held as long as this lives.
class FolderLock {
 public:
  virtual ~FolderLock() = default;
};

class Files {
 public:
  virtual ~Files() = default;
  virtual Status MakeFolder(const std::string& path) = 0;  // and those above; none of them is an error
  // kUnavailable when another process has it.
  virtual Result<std::unique_ptr<FolderLock>> Lock(const std::string& folder) = 0;
  virtual Result<std::vector<std::string>> List(const std::string& folder) = 0;     // names, in no order
  virtual Result<std::string> Read(const std::string& path) = 0;                    // all of it
  virtual Result<std::unique_ptr<AppendFile>> Create(const std::string& path) = 0;  // must not exist
  virtual Status Truncate(const std::string& path, uint64_t size) = 0;
  virtual Status Rename(const std::string& from, const std::string& to) = 0;
  virtual Status Remove(const std::string& path) = 0;
};

// The machine's.
std::shared_ptr<Files> SystemFiles();

}  // namespace sidelight::storage
