#include "core/http/server.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cassert>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/log.h"
#include "core/http/connection.h"
#include "core/http/departures.h"
#include "core/http/lingering.h"
#include "core/http/response.h"
#include "core/http/socket.h"
#include "core/net/event_loop.h"
#include "core/net/listener.h"
#include "core/net/socket_address.h"

namespace sidelight::http {
namespace {

constexpr Duration kStopPatience = std::chrono::milliseconds(250);

Peer PeerOf(int fd) {
  const net::SocketAddress address = net::SocketAddress::Peer(fd).Unmapped();
  if (address.family() == AF_INET) {
    return {address.ToAddress().host(), (ntohl(address.v4().sin_addr.s_addr) >> 24) == 127};
  }
  if (address.family() == AF_INET6) {
    return {address.ToAddress().host(), IN6_IS_ADDR_LOOPBACK(&address.v6().sin6_addr) != 0};
  }
  return {"unix", address.family() == AF_UNIX};
}

}  // namespace

class Server::Impl final : public net::Acceptor::Handler {
 public:
  Impl(ServerOptions options, http::Handler handler)
      : options_(std::move(options)), handler_(std::move(handler)) {}

  Status Start() {
    auto listener = net::Listener::Open(options_.listen);
    if (!listener) return tl::unexpected<Error>(listener.error());
    auto loop = net::EventLoop::Open();
    if (!loop) return tl::unexpected<Error>(loop.error());
    listener_ = std::move(*listener);
    loop_ = std::move(*loop);
    address_ = listener_->bound();
    lingering_ = std::make_unique<Lingering>(*loop_);
    departures_ = std::make_unique<Departures>(*loop_);
    acceptor_ = std::make_unique<net::Acceptor>(*listener_, *loop_, *this);
    if (!acceptor_->Start()) {
      return Fail(ErrorCode::kInternal,
                  fmt::format("cannot watch the listening socket of {}: {}", address_.ToString(),
                              "the system is out of memory or watches"));
    }
    try {
      accepting_ = std::thread([this] { loop_->Run(); });
    } catch (const std::system_error& e) {
      return Fail(ErrorCode::kInternal, fmt::format("cannot start a thread for {}: {}; raise the limit of "
                                                    "threads (ulimit -u, pids.max)",
                                                    address_.ToString(), e.what()));
    }
    return {};
  }

  ~Impl() override { Stop(); }

  void Stop() {
    const std::lock_guard<std::mutex> once(stop_mutex_);
    if (accepting_.joinable()) {
      loop_->Stop();
      accepting_.join();
    }
    // The loop has stopped, so its parts may be taken down from here.
    acceptor_.reset();
    listener_.reset();
    lingering_.reset();
    std::map<uint64_t, std::unique_ptr<Worker>> left;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      for (auto& [id, worker] : workers_) worker->socket.Hush();
      finished_.wait_for(lock, kStopPatience, [this] { return serving_ == 0; });
      for (auto& [id, worker] : workers_) worker->socket.Cut();
      left.swap(workers_);
    }
    for (auto& [id, worker] : left) worker->thread.join();
  }

  const net::Address& address() const { return address_; }

  size_t connections() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return serving_;
  }

 private:
  struct Worker {
    explicit Worker(int fd) : socket(fd) {}
    Socket socket;
    std::thread thread;
    bool close_gently = false;
  };

  void OnAccept(int fd) override {
    uint64_t id = 0;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (serving_ < options_.max_connections) {
        id = ++last_id_;
        ++serving_;
      }
    }
    if (id == 0) {
      Overloaded(fd, fmt::format("all {} connections are taken; try again later", options_.max_connections));
      return;
    }
    auto worker = std::make_unique<Worker>(fd);
    const std::lock_guard<std::mutex> lock(mutex_);
    try {
      worker->thread = std::thread([this, id, w = worker.get(), peer = PeerOf(fd)] { Run(id, w, peer); });
    } catch (const std::system_error&) {
      --serving_;
      Overloaded(worker->socket.Release(), "there is no thread left to answer; try again later");
      return;
    }
    workers_.emplace(id, std::move(worker));
  }

  // The descriptor that was missing is the process', so there is nothing to answer with.
  void OnNoDescriptor() override {
    log::Warn("an API connection was reset: the process has no file descriptor left",
              {{"listen", address_.ToString()}});
  }

  void Run(uint64_t id, Worker* worker, const Peer& peer) {
    bool gently = false;
    try {
      gently = Connection(options_, handler_, peer, &worker->socket, *departures_).Serve();
    } catch (const std::exception& e) {
      // What is left to fail here is memory; the connection ends, the server goes on.
      log::Error("an API connection failed", {{"remote", peer.address}, {"error", e.what()}});
    }
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      worker->close_gently = gently;
      --serving_;
      finished_.notify_all();
    }
    loop_->Post([this, id] { Reap(id); });
  }

  void Reap(uint64_t id) {
    std::unique_ptr<Worker> worker;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      worker = std::move(workers_.extract(id).mapped());
    }
    worker->thread.join();
    if (worker->close_gently) lingering_->Add(worker->socket.Release());
  }

  // Answers without a thread and without waiting: an empty socket buffer always has room for one error page.
  void Overloaded(int fd, std::string message) {
    Request request;
    const Peer peer = PeerOf(fd);
    request.remote_address = peer.address;
    request.from_loopback = peer.loopback;
    const Response page = options_.error_page(request, {503, "overloaded", std::move(message)});
    const std::string answer = ResponseHead(page, Afterwards::kClose, SystemClock().UnixNow()) + page.body;
    // A peer that is gone already is no loss.
    static_cast<void>(::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
    lingering_->Add(fd);
  }

  const ServerOptions options_;
  const http::Handler handler_;
  net::Address address_;
  std::unique_ptr<net::Listener> listener_;
  std::unique_ptr<net::EventLoop> loop_;
  std::unique_ptr<Lingering> lingering_;
  std::unique_ptr<Departures> departures_;
  std::unique_ptr<net::Acceptor> acceptor_;
  std::thread accepting_;
  std::mutex stop_mutex_;

  mutable std::mutex mutex_;
  std::condition_variable finished_;
  size_t serving_ = 0;
  uint64_t last_id_ = 0;
  std::map<uint64_t, std::unique_ptr<Worker>> workers_;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::Start(ServerOptions options, Handler handler) {
  assert(options.error_page && handler);
  auto impl = std::make_unique<Impl>(std::move(options), std::move(handler));
  if (Status status = impl->Start(); !status) return tl::unexpected<Error>(status.error());
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

const net::Address& Server::address() const {
  return impl_->address();
}
size_t Server::connections() const {
  return impl_->connections();
}
void Server::Stop() {
  impl_->Stop();
}

}  // namespace sidelight::http
