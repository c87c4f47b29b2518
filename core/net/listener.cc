#include "core/net/listener.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "core/net/socket_stream.h"

namespace sidelight::net {
namespace {

constexpr int kBacklog = 4096;       // the system cuts it at net.core.somaxconn
constexpr int kAcceptsPerTurn = 16;  // so that a storm of connections does not starve those that are open
constexpr Duration kPause = std::chrono::milliseconds(100);

tl::unexpected<Error> CannotListen(const Address& address, std::string_view why) {
  return Fail(ErrorCode::kUnavailable, fmt::format("cannot listen on {}: {}", address.ToString(), why));
}

bool IsSocket(const std::string& path) {
  struct stat file;
  return lstat(path.c_str(), &file) == 0 && S_ISSOCK(file.st_mode);
}

std::string Advice(const Address& address, int error) {
  switch (error) {
    case EADDRINUSE:
      if (address.is_unix() && !IsSocket(address.path())) {
        return "there is a file of that name, and it is no socket; remove it, or choose another name";
      }
      return "the address is already in use; stop the process that holds it, or choose another one";
    case EADDRNOTAVAIL:
      return "no interface of this machine has that address; 0.0.0.0 means every one";
    case EACCES:
      return address.is_unix() ? "permission denied; choose a folder that this user may write to"
                               : "permission denied; ports below 1024 need CAP_NET_BIND_SERVICE";
    case ENOENT:
      return "the folder of the socket does not exist; create it";
    case EMFILE:
    case ENFILE:
      return "too many open files; raise the limit (ulimit -n)";
    default:
      return ErrnoText(error);
  }
}

Result<SocketAddress> ToListenOn(const Address& address) {
  if (const auto numeric = SocketAddress::Of(address)) return *numeric;
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(address.host().c_str(), nullptr, &hints, &found);
  if (error != 0 || found == nullptr) {
    return CannotListen(address,
                        fmt::format("the name did not resolve ({}); write an IP address of this machine",
                                    gai_strerror(error)));
  }
  SocketAddress result(found->ai_addr, found->ai_addrlen);
  freeaddrinfo(found);
  result.set_port(address.port());
  return result;
}

// Whether the file is a socket on which nobody listens any more.
bool IsStale(const SocketAddress& address) {
  if (!IsSocket(address.path())) return false;
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return false;
  const bool refused = connect(fd, address.generic(), address.size()) < 0 && errno == ECONNREFUSED;
  close(fd);
  return refused;
}

}  // namespace

Result<std::unique_ptr<Listener>> Listener::Open(const Address& address) {
  const Result<SocketAddress> wanted = ToListenOn(address);
  if (!wanted) return tl::unexpected(wanted.error());
  const int fd = socket(wanted->family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return CannotListen(address, Advice(address, errno));
  const auto set = [fd](int level, int name, int value) {
    setsockopt(fd, level, name, &value, sizeof(value));
  };
  if (wanted->is_ip()) set(SOL_SOCKET, SO_REUSEADDR, 1);
  if (wanted->family() == AF_INET6) set(IPPROTO_IPV6, IPV6_V6ONLY, 0);
  int bound = bind(fd, wanted->generic(), wanted->size());
  if (bound < 0 && errno == EADDRINUSE && address.is_unix()) {
    if (IsStale(*wanted)) {
      unlink(address.path().c_str());
      bound = bind(fd, wanted->generic(), wanted->size());
    } else {
      errno = EADDRINUSE;
    }
  }
  if (bound == 0 && address.is_unix()) chmod(address.path().c_str(), 0666);
  if (bound < 0 || listen(fd, kBacklog) < 0) {
    const int error = errno;
    close(fd);
    return CannotListen(address, Advice(address, error));
  }
  std::unique_ptr<Listener> listener(new Listener(fd, SocketAddress::Local(fd)));
  if (address.is_unix()) lstat(address.path().c_str(), &listener->file_);
  return listener;
}

Listener::~Listener() {
  if (bound_.family() == AF_UNIX) {
    struct stat now;
    const std::string path = bound_.path();
    if (lstat(path.c_str(), &now) == 0 && now.st_ino == file_.st_ino && now.st_dev == file_.st_dev) {
      unlink(path.c_str());
    }
  }
  close(fd_);
}

Acceptor::Acceptor(Listener& listener, EventLoop& loop, Handler& handler)
    : listener_(listener),
      loop_(loop),
      handler_(handler),
      reserve_fd_(open("/dev/null", O_RDONLY | O_CLOEXEC)) {}

Acceptor::~Acceptor() {
  Stop();
  if (reserve_fd_ >= 0) close(reserve_fd_);
}

bool Acceptor::Start() {
  // One loop is woken for a new connection, and not all of them.
  watching_ = loop_.Add(listener_.fd(), EPOLLIN | EPOLLEXCLUSIVE, this);
  return watching_;
}

void Acceptor::Stop() {
  if (watching_) loop_.Remove(listener_.fd(), this);
  watching_ = false;
  loop_.Cancel(resume_);
}

void Acceptor::OnEvents(uint32_t) {
  for (int i = 0; i < kAcceptsPerTurn && watching_; ++i) {
    const int fd = accept4(listener_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      SetConnectionOptions(fd, listener_.bound_address().family());
      handler_.OnAccept(fd);
    } else if (errno == EMFILE || errno == ENFILE) {
      Refuse();
      Pause();
    } else if (errno == ENOBUFS || errno == ENOMEM) {
      Pause();
    } else if (errno == EAGAIN) {
      return;
    }
    // Anything else belongs to a connection that is gone already.
  }
}

void Acceptor::Refuse() {
  if (reserve_fd_ >= 0) {
    close(reserve_fd_);
    const int fd = accept4(listener_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      ResetSocket(fd);
      handler_.OnNoDescriptor();
    }
  }
  reserve_fd_ = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

void Acceptor::Pause() {
  Stop();
  resume_ = loop_.RunAfter(kPause, [this] {
    resume_ = kNoTimer;
    if (!Start()) Pause();
  });
}

uint64_t RaiseFileLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return 0;
  if (limit.rlim_cur < limit.rlim_max) {
    rlimit raised = limit;
    raised.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  return limit.rlim_cur;
}

}  // namespace sidelight::net
