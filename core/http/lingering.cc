#include "core/http/lingering.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace sidelight::http {
namespace {

constexpr size_t kMaxEntries = 128;
constexpr Duration kPatience = std::chrono::seconds(1);
constexpr size_t kMaxDrained = 4 << 20;

}  // namespace

class Lingering::Entry final : public net::EventHandler, public net::Buried {
 public:
  Entry(Lingering& owner, int fd) : owner_(owner), fd_(fd) {}
  ~Entry() override { End(); }

  bool Start() {
    ::shutdown(fd_, SHUT_WR);
    watched_ = owner_.loop_.Add(fd_, EPOLLIN, this);
    if (watched_) timer_ = owner_.loop_.RunAfter(kPatience, [this] { owner_.Close(this); });
    return watched_;
  }

  void OnEvents(uint32_t) override {
    std::array<char, 16 * 1024> dropped;
    const ssize_t n = ::recv(fd_, dropped.data(), dropped.size(), 0);
    if (n > 0) drained_ += static_cast<size_t>(n);
    const bool nothing_yet = n < 0 && (errno == EAGAIN || errno == EINTR);
    if ((n > 0 && drained_ < kMaxDrained) || nothing_yet) return;
    owner_.Close(this);
  }

  // Closes the descriptor; doing it again does nothing.
  void End() {
    if (fd_ < 0) return;
    owner_.loop_.Cancel(timer_);
    if (watched_) owner_.loop_.Remove(fd_, this);
    ::close(std::exchange(fd_, -1));
  }

 private:
  Lingering& owner_;
  int fd_;
  bool watched_ = false;
  size_t drained_ = 0;
  net::TimerId timer_ = net::kNoTimer;
};

Lingering::Lingering(net::EventLoop& loop) : loop_(loop) {}
Lingering::~Lingering() = default;

void Lingering::Add(int fd) {
  auto entry = std::make_unique<Entry>(*this, fd);
  if (!entry->Start()) return;
  if (entries_.size() >= kMaxEntries) Close(entries_.front().get());
  entries_.push_back(std::move(entry));
}

void Lingering::Close(Entry* entry) {
  const auto at =
      std::find_if(entries_.begin(), entries_.end(), [&](const auto& e) { return e.get() == entry; });
  entry->End();
  // It may be the one that is on the stack.
  loop_.Bury(std::move(*at));
  entries_.erase(at);
}

}  // namespace sidelight::http
