#include "src/app/signals.h"

#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

namespace sidelight::app {
namespace {

sigset_t Ours() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGHUP);
  return set;
}

}  // namespace

void BlockSignals() {
  const sigset_t ours = Ours();
  pthread_sigmask(SIG_BLOCK, &ours, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

Result<std::unique_ptr<SignalEvents>> SignalEvents::Watch(net::EventLoop& loop, Handler handler) {
  const sigset_t ours = Ours();
  const int fd = signalfd(-1, &ours, SFD_NONBLOCK | SFD_CLOEXEC);
  if (fd < 0) return Fail(ErrorCode::kInternal, "cannot watch for signals: " + ErrnoText(errno));
  std::unique_ptr<SignalEvents> made(new SignalEvents(loop, fd, std::move(handler)));
  if (!loop.Add(fd, EPOLLIN, made.get())) {
    return Fail(ErrorCode::kInternal, "cannot watch for signals: " + ErrnoText(errno));
  }
  return made;
}

SignalEvents::SignalEvents(net::EventLoop& loop, int fd, Handler handler)
    : loop_(loop), fd_(fd), handler_(std::move(handler)) {}

SignalEvents::~SignalEvents() {
  loop_.Remove(fd_, this);
  close(fd_);
}

void SignalEvents::OnEvents(uint32_t) {
  signalfd_siginfo info;
  while (read(fd_, &info, sizeof info) == sizeof info) handler_(static_cast<int>(info.ssi_signo));
}

}  // namespace sidelight::app
