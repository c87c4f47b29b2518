#include "core/state/database_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

namespace sidelight::state {
namespace {

constexpr mode_t kFolderMode = 0700;
constexpr mode_t kFileMode = 0600;

// https://www.sqlite.org/fileformat.html, 1.3: the file's first bytes.
constexpr std::string_view kMagic("SQLite format 3\0", 16);
constexpr size_t kWriteVersion = 18;
constexpr size_t kReadVersion = 19;
constexpr int kNewestVersion = 2;  // 1: a rollback journal, 2: a write-ahead log
constexpr size_t kHeader = 100;

constexpr std::array<const char*, 4> kParts = {"", "-wal", "-shm", "-journal"};

tl::unexpected<Error> Failed(const std::string& what, const std::string& path, int error) {
  return Fail(ErrorCode::kInternal, what + " " + path + ": " + ErrnoText(error));
}

bool Exists(const std::string& path) {
  return access(path.c_str(), F_OK) == 0;
}

}  // namespace

DatabaseFile::DatabaseFile(std::string folder, const std::string& name)
    : folder_(std::move(folder)), path_(folder_ + "/" + name) {}

DatabaseFile::~DatabaseFile() {
  if (lock_ >= 0) close(lock_);
}

Status DatabaseFile::Prepare() {
  Status done = MakeFolder();
  if (!done) return done;
  const std::string lock = path_ + ".lock";
  lock_ = open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kFileMode);
  if (lock_ < 0) return Failed("could not open", lock, errno);
  if (flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return Failed("could not lock", lock, errno);
    return Fail(ErrorCode::kUnavailable,
                path_ + " is in use by another process: give each a storage path of its own");
  }
  return MakeFile();
}

Status DatabaseFile::MakeFolder() const {
  std::error_code error;
  const std::filesystem::path parent = std::filesystem::path(folder_).parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  if (error) return Failed("could not make the folder", parent, error.value());
  if (mkdir(folder_.c_str(), kFolderMode) != 0 && errno != EEXIST) {
    return Failed("could not make the folder", folder_, errno);
  }
  return {};
}

Status DatabaseFile::MakeFile() const {
  const int fd = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, kFileMode);
  if (fd < 0) return Failed("could not open", path_, errno);
  struct stat about {};
  const int error = fstat(fd, &about) == 0 ? 0 : errno;
  close(fd);
  if (error != 0) return Failed("could not open", path_, error);
  if (!S_ISREG(about.st_mode)) return Fail(ErrorCode::kInternal, path_ + " is not a file");
  return {};
}

Result<uint64_t> DatabaseFile::Size() const {
  struct stat about {};
  if (stat(path_.c_str(), &about) != 0) return Failed("could not read", path_, errno);
  return static_cast<uint64_t>(about.st_size);
}

bool DatabaseFile::HasLog() const {
  struct stat about {};
  return stat((path_ + "-wal").c_str(), &about) == 0 && about.st_size > 0;
}

bool DatabaseFile::Reserve(uint64_t bytes) const {
  const int fd = open((path_ + ".reserve").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, kFileMode);
  if (fd < 0) return false;
  struct stat about {};
  bool kept = fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
  if (kept && static_cast<uint64_t>(about.st_size) > bytes) kept = ftruncate(fd, 0) == 0;
  if (kept) {
    const int error = posix_fallocate(fd, 0, static_cast<off_t>(bytes));
    // A file system that cannot keep space: none of ours is lost with it.
    const bool impossible = error == EOPNOTSUPP || error == EINVAL || error == ENOSYS;
    kept = error == 0 || (impossible && ftruncate(fd, static_cast<off_t>(bytes)) == 0);
  }
  // A part of it would be no use, and others could not use it either.
  if (!kept && S_ISREG(about.st_mode)) kept = ftruncate(fd, 0) != 0;
  close(fd);
  return kept;
}

bool DatabaseFile::Release() const {
  const std::string path = path_ + ".reserve";
  struct stat about {};
  return stat(path.c_str(), &about) == 0 && about.st_size > 0 && truncate(path.c_str(), 0) == 0;
}

Result<std::optional<std::string>> DatabaseFile::Damage() const {
  const int fd = open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Failed("could not open", path_, errno);
  char header[kHeader];
  const ssize_t n = pread(fd, header, sizeof(header), 0);
  const int error = errno;
  close(fd);
  if (n < 0) return Failed("could not read", path_, error);
  // SQLite would take an empty file for a new one, and forget what stands in the log.
  if (n == 0) return HasLog() ? std::make_optional<std::string>("it was truncated") : std::nullopt;
  if (static_cast<size_t>(n) < kHeader) return std::make_optional<std::string>("it was truncated");
  if (std::string_view(header, kMagic.size()) != kMagic) {
    return std::make_optional<std::string>("it is not a database");
  }
  // SQLite would open such a file for reading only.
  if (header[kWriteVersion] > kNewestVersion || header[kReadVersion] > kNewestVersion ||
      header[kWriteVersion] < 1 || header[kReadVersion] < 1) {
    return std::make_optional<std::string>("its format is one of a newer SQLite");
  }
  return std::nullopt;
}

Result<std::string> DatabaseFile::SetAside(UnixMillis now) {
  const std::string name = path_ + ".set-aside-" + FormatRfc3339(now);
  std::string target = name;
  for (int i = 2; Exists(target); ++i) target = name + "-" + std::to_string(i);
  // What belongs to it keeps its ending, so that SQLite finds it when somebody opens the database by its new
  // name.
  for (const char* part : kParts) {
    if (std::rename((path_ + part).c_str(), (target + part).c_str()) != 0 && errno != ENOENT) {
      return Failed("could not rename", path_ + part, errno);
    }
  }
  Status made = MakeFile();
  if (!made) return tl::unexpected(std::move(made).error());
  return target;
}

}  // namespace sidelight::state
