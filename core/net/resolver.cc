#include "core/net/resolver.h"

#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>

#include <map>
#include <utility>

#include "core/base/log.h"

namespace sidelight::net {
namespace {

constexpr size_t kMaxAddresses = 16;  // each is tried in turn, within one connect timeout
constexpr Duration kRefreshPause = std::chrono::seconds(1);

}  // namespace

struct SystemResolver::State {
  struct Waiter {
    EventLoop* loop;
    std::function<void(Addresses)> done;
  };
  struct Name {
    Addresses good;
    TimePoint asked{};  // when the last lookup was queued
    bool queued = false;
    bool failing = false;
    std::vector<Waiter> waiters;
  };

  State(Options o, const Clock& c) : options(std::move(o)), clock(c) {}

  // With the mutex held.
  void Enqueue(const std::string& host, Name& name) {
    if (name.queued) return;
    name.queued = true;
    name.asked = clock.Now();
    queue.push_back(host);
    work.notify_one();
  }

  const Options options;
  const Clock& clock;
  std::mutex mutex;
  std::condition_variable work;
  std::deque<std::string> queue;
  std::map<std::string, Name> names;  // as many as the configuration has upstreams
  bool stopped = false;
};

Result<std::vector<SocketAddress>> LookUp(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  int error = getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (error == EAI_NONAME || error == EAI_ADDRFAMILY) {
    // A machine that has loopback alone counts as having no family at all, and yet localhost is fine.
    hints.ai_flags = 0;
    error = getaddrinfo(host.c_str(), nullptr, &hints, &found);
  }
  if (error != 0) {
    return Fail(ErrorCode::kUnavailable,
                fmt::format("the name {} did not resolve: {}", host, gai_strerror(error)));
  }
  std::vector<SocketAddress> addresses;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    if (at->ai_family != AF_INET && at->ai_family != AF_INET6) continue;
    if (addresses.size() == kMaxAddresses) break;
    addresses.emplace_back(at->ai_addr, at->ai_addrlen);
  }
  freeaddrinfo(found);
  if (addresses.empty()) {
    return Fail(ErrorCode::kUnavailable, fmt::format("the name {} has no IP address", host));
  }
  return addresses;
}

SystemResolver::SystemResolver(Options options, const Clock& clock) {
  if (!options.lookup) options.lookup = LookUp;
  state_ = std::make_shared<State>(std::move(options), clock);
  // Detached, because a lookup may hang in the system for long, and nobody should wait for it at the end.
  std::thread([state = state_] { Run(state); }).detach();
}

SystemResolver::~SystemResolver() {
  Stop();
}

void SystemResolver::Stop() {
  const std::lock_guard lock(state_->mutex);
  state_->stopped = true;
  state_->names.clear();
  state_->work.notify_one();
}

Addresses SystemResolver::Cached(const std::string& host) {
  const std::lock_guard lock(state_->mutex);
  State::Name& name = state_->names[host];
  if (name.good != nullptr && state_->clock.Now() - name.asked >= state_->options.time_to_live) {
    state_->Enqueue(host, name);
  }
  return name.good;
}

void SystemResolver::Resolve(const std::string& host, EventLoop& loop, std::function<void(Addresses)> done) {
  const std::lock_guard lock(state_->mutex);
  if (state_->stopped) return;
  State::Name& name = state_->names[host];
  name.waiters.push_back({&loop, std::move(done)});
  state_->Enqueue(host, name);
}

void SystemResolver::Refresh(const std::string& host) {
  const std::lock_guard lock(state_->mutex);
  if (state_->stopped) return;
  State::Name& name = state_->names[host];
  if (state_->clock.Now() - name.asked >= kRefreshPause) state_->Enqueue(host, name);
}

void SystemResolver::Run(const std::shared_ptr<State>& state) {
  std::unique_lock lock(state->mutex);
  for (;;) {
    state->work.wait(lock, [&] { return state->stopped || !state->queue.empty(); });
    if (state->stopped) return;
    const std::string host = std::move(state->queue.front());
    state->queue.pop_front();
    lock.unlock();
    Result<std::vector<SocketAddress>> found = state->options.lookup(host);
    lock.lock();
    if (state->stopped) return;
    State::Name& name = state->names[host];
    name.queued = false;
    const bool fails = !found || found->empty();
    const bool changed = std::exchange(name.failing, fails) != fails;
    if (!fails) name.good = std::make_shared<const std::vector<SocketAddress>>(*std::move(found));
    const bool keeps_good = name.good != nullptr;
    // Posted with the mutex held, so that after Stop() no loop is touched.
    for (State::Waiter& waiter : std::exchange(name.waiters, {})) {
      waiter.loop->Post([done = std::move(waiter.done), good = name.good] { done(good); });
    }
    if (!changed) continue;
    // Without the mutex: while nobody reads the log, a line of it stops whoever writes it.
    lock.unlock();
    if (!fails) {
      log::Info("upstream name resolves again", {{"name", host}});
    } else {
      log::Warn("upstream name did not resolve", {{"name", host},
                                                  {"error", found ? "no address" : found.error().message},
                                                  {"kept", keeps_good ? "the last good answer" : "nothing"}});
    }
    lock.lock();
  }
}

}  // namespace sidelight::net
