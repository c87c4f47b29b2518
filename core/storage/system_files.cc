#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "core/storage/files.h"

namespace sidelight::storage {
namespace {

constexpr mode_t kFileMode = 0640;

tl::unexpected<Error> Failed(const std::string& what, const std::string& path, int error) {
  return Fail(ErrorCode::kInternal, what + " " + path + ": " + ErrnoText(error));
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  int get() const { return fd_; }

 private:
  int fd_;
};

class SystemAppendFile final : public AppendFile {
 public:
  SystemAppendFile(Descriptor fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Status Append(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t n = write(fd_.get(), bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return Failed("could not write to", path_, errno);
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return {};
  }
  Status Sync() override {
    if (fdatasync(fd_.get()) != 0) return Failed("could not bring to the disk", path_, errno);
    return {};
  }

 private:
  const Descriptor fd_;
  const std::string path_;
};

class SystemLock final : public FolderLock {
 public:
  explicit SystemLock(Descriptor fd) : fd_(std::move(fd)) {}

 private:
  const Descriptor fd_;
};

class MachineFiles final : public Files {
 public:
  Status MakeFolder(const std::string& path) override {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) return Failed("could not make the folder", path, error.value());
    return {};
  }

  Result<std::unique_ptr<FolderLock>> Lock(const std::string& folder) override {
    const std::string path = folder + "/lock";
    Descriptor fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kFileMode));
    if (fd.get() < 0) return Failed("could not open", path, errno);
    if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) return Failed("could not lock", path, errno);
      return Fail(ErrorCode::kUnavailable, folder + " is in use by another process: give each its own");
    }
    return std::make_unique<SystemLock>(std::move(fd));
  }

  Result<std::vector<std::string>> List(const std::string& folder) override {
    std::error_code error;
    std::vector<std::string> names;
    std::filesystem::directory_iterator at(folder, error);
    for (; !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
      names.push_back(at->path().filename().string());
    }
    if (error) return Failed("could not list the folder", folder, error.value());
    return names;
  }

  Result<std::string> Read(const std::string& path) override {
    const Descriptor fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (fd.get() < 0) return Failed("could not open", path, errno);
    struct stat about {};
    if (fstat(fd.get(), &about) != 0) return Failed("could not read", path, errno);
    if (!S_ISREG(about.st_mode)) return Fail(ErrorCode::kInternal, path + " is not a file");
    std::string bytes(static_cast<size_t>(about.st_size), '\0');
    size_t size = 0;
    while (size < bytes.size()) {
      const ssize_t n = read(fd.get(), bytes.data() + size, bytes.size() - size);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return Failed("could not read", path, errno);
      if (n == 0) break;
      size += static_cast<size_t>(n);
    }
    bytes.resize(size);
    return bytes;
  }

  Result<std::unique_ptr<AppendFile>> Create(const std::string& path) override {
    Descriptor fd(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, kFileMode));
    if (fd.get() < 0) return Failed("could not create", path, errno);
    return std::make_unique<SystemAppendFile>(std::move(fd), path);
  }

  Status Truncate(const std::string& path, uint64_t size) override {
    if (truncate(path.c_str(), static_cast<off_t>(size)) != 0) return Failed("could not cut", path, errno);
    return {};
  }
  Status Rename(const std::string& from, const std::string& to) override {
    if (std::rename(from.c_str(), to.c_str()) != 0) return Failed("could not rename", from, errno);
    return {};
  }
  Status Remove(const std::string& path) override {
    if (unlink(path.c_str()) != 0) return Failed("could not remove", path, errno);
    return {};
  }
};

}  // namespace

std::shared_ptr<Files> SystemFiles() {
  static const std::shared_ptr<Files> files = std::make_shared<MachineFiles>();
  return files;
}

}  // namespace sidelight::storage
