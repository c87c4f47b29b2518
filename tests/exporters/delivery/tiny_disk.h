// A file system of its own, in memory, that can be filled; only where the system lets us mount one.
#pragma once

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>

namespace sidelight::delivery {

class TinyDisk {
 public:
  TinyDisk(const std::string& path, int mebibytes) : path_(path) {
    std::filesystem::create_directory(path);
    const std::string size = "size=" + std::to_string(mebibytes) + "m";
    mounted_ = mount("tmpfs", path.c_str(), "tmpfs", 0, size.c_str()) == 0;
    error_ = errno;
  }
  ~TinyDisk() {
    if (mounted_) umount2(path_.c_str(), MNT_DETACH);
  }
  TinyDisk(const TinyDisk&) = delete;
  TinyDisk& operator=(const TinyDisk&) = delete;

  bool mounted() const { return mounted_; }
  std::string error() const { return std::strerror(error_); }
  // Leaves no room, not for a byte, and gives it back.
  void Fill() const {
    const int fd = open((path_ + "/filler").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    const std::string bytes(4096, 'x');
    while (write(fd, bytes.data(), bytes.size()) > 0) {
    }
    close(fd);
  }
  void Free() const { std::filesystem::remove(path_ + "/filler"); }

 private:
  const std::string path_;
  bool mounted_ = false;
  int error_ = 0;
};

}  // namespace sidelight::delivery
