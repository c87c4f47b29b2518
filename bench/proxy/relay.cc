// The floor under every proxy in user space: one thread, edge-triggered epoll, a read and a write for each
// message, no parsing. Each socket is watched once, and a short read is taken to have emptied it until its
// end is near.
//
//   relay LISTEN_PORT BACKEND_PORT
//
// It is a yardstick and not a product: no limits, no timeouts, IPv4 loopback only.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

namespace {

constexpr size_t kBuffer = 64 * 1024;

struct Pair;

// One socket of a pair; what is read from it goes to the other.
struct End {
  int fd = -1;
  bool connecting = false;
  bool closing = false;  // its end or an error is behind what is still to be read
  bool ended = false;
  std::string pending;  // read from here, not yet taken by the other side
  Pair* pair = nullptr;
  End* other = nullptr;
};

struct Pair {
  End client;
  End backend;
  bool dead = false;
};

int epoll_fd = -1;
char scratch[kBuffer];
std::vector<std::unique_ptr<Pair>> graveyard;  // freed after the batch: later events may still name them

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void NoDelay(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void Bury(Pair* pair) {
  if (pair->dead) return;
  pair->dead = true;
  close(pair->client.fd);
  close(pair->backend.fd);
  graveyard.emplace_back(pair);
}

// Writes what `from` has pending; false when the pair is lost.
bool Flush(End& from) {
  while (!from.pending.empty()) {
    const ssize_t n = send(from.other->fd, from.pending.data(), from.pending.size(), MSG_NOSIGNAL);
    if (n < 0) return errno == EAGAIN;
    from.pending.erase(0, static_cast<size_t>(n));
  }
  return true;
}

// Moves what there is; false when the pair is lost.
bool Pump(End& from) {
  if (from.other->connecting) return true;
  if (!Flush(from)) return false;
  while (from.pending.empty() && !from.ended) {
    const ssize_t n = recv(from.fd, scratch, kBuffer, 0);
    if (n < 0) return errno == EAGAIN;
    if (n == 0) {
      from.ended = true;
      shutdown(from.other->fd, SHUT_WR);
      return true;
    }
    ssize_t written = send(from.other->fd, scratch, static_cast<size_t>(n), MSG_NOSIGNAL);
    if (written < 0) {
      if (errno != EAGAIN) return false;
      written = 0;
    }
    if (written < n) from.pending.assign(scratch + written, static_cast<size_t>(n - written));
    if (n < static_cast<ssize_t>(kBuffer) && !from.closing) return true;
  }
  return true;
}

void Accept(int listener, const sockaddr_in& backend) {
  for (;;) {
    const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    auto* pair = new Pair;
    pair->client.fd = fd;
    pair->backend.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    NoDelay(pair->client.fd);
    NoDelay(pair->backend.fd);
    pair->client.pair = pair->backend.pair = pair;
    pair->client.other = &pair->backend;
    pair->backend.other = &pair->client;
    if (connect(pair->backend.fd, reinterpret_cast<const sockaddr*>(&backend), sizeof backend) < 0 &&
        errno != EINPROGRESS) {
      Bury(pair);
      continue;
    }
    pair->backend.connecting = true;
    for (End* end : {&pair->client, &pair->backend}) {
      epoll_event event{EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, {end}};
      epoll_ctl(epoll_fd, EPOLL_CTL_ADD, end->fd, &event);
    }
  }
}

void Handle(End& end, uint32_t events) {
  Pair* pair = end.pair;
  if (pair->dead) return;
  bool alive = true;
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) end.closing = true;
  if (end.connecting && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) {
    end.connecting = false;
    alive = Pump(*end.other);  // what the client has sent meanwhile; its edge is gone
  }
  if (alive && (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) alive = Pump(end);
  if (alive && (events & EPOLLOUT) != 0 && !end.other->pending.empty()) alive = Pump(*end.other);
  const bool drained = end.pending.empty() && end.other->pending.empty();
  if (!alive || (end.ended && end.other->ended && drained)) Bury(pair);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: relay LISTEN_PORT BACKEND_PORT\n");
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  const sockaddr_in address = Loopback(std::atoi(argv[1]));
  const sockaddr_in backend = Loopback(std::atoi(argv[2]));
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0 ||
      listen(listener, 1024) < 0) {
    std::perror("relay: listen");
    return 1;
  }
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  epoll_event listening{EPOLLIN, {nullptr}};
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &listening);
  epoll_event events[256];
  for (;;) {
    const int n = epoll_wait(epoll_fd, events, 256, -1);
    for (int i = 0; i < n; ++i) {
      if (events[i].data.ptr == nullptr) {
        Accept(listener, backend);
      } else {
        Handle(*static_cast<End*>(events[i].data.ptr), events[i].events);
      }
    }
    graveyard.clear();
  }
}
