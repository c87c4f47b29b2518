#include "collector/tap/proxy.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "collector/tap/connection.h"
#include "core/net/socket_stream.h"

namespace sidelight::tap {
namespace {

// How often connections are looked at for a silent upstream: the timeout is kept to within a tenth, or 10 ms.
Duration SweepInterval(Duration timeout) {
  return std::clamp<Duration>(timeout / 10, std::chrono::milliseconds(10), std::chrono::seconds(1));
}

}  // namespace

Proxy::Proxy(const Options& options, net::Listener& listener, const Protocol& protocol, ExchangeSink& sink,
             const Counters& counters, Reach& reach, Context& context)
    : options_(options),
      protocol_(protocol),
      sink_(sink),
      counters_(counters),
      reach_(reach),
      context_(context),
      acceptor_(listener, context.loop, *this),
      source_(options.source ? net::SocketAddress::Of(*options.source) : std::nullopt),
      listens_on_unix_(listener.bound_address().family() == AF_UNIX),
      self_(std::make_shared<Proxy*>(this)) {
  if (const auto address = net::SocketAddress::Of(options.upstream)) {
    numeric_ = std::make_shared<const std::vector<net::SocketAddress>>(1, *address);
  }
}

Proxy::~Proxy() {
  *self_ = nullptr;
  context_.loop.Cancel(sweep_);
  acceptor_.Stop();
  while (first_ != nullptr) first_->Close();
}

bool Proxy::Start() {
  if (options_.timeout > Duration{}) {
    sweep_ = context_.loop.RunAfter(SweepInterval(options_.timeout), [this] { Sweep(); });
  }
  return acceptor_.Start();
}

void Proxy::StopAccepting() {
  acceptor_.Stop();
}

void Proxy::Drain() {
  StopAccepting();
  draining_ = true;
  ForEach([](Connection& connection) { connection.CloseIfIdle(); });
}

void Proxy::Shutdown() {
  StopAccepting();
  ForEach([](Connection& connection) { connection.Shutdown(); });
}

void Proxy::OnAccept(int fd) {
  auto client = std::make_unique<net::SocketStream>(fd);
  const ConnectionLimit::Place place = context_.limit.Enter();
  if (place != ConnectionLimit::Place::kServe)
    counters_.refused[static_cast<size_t>(Refusal::kOverloaded)]->Add(1);
  if (place == ConnectionLimit::Place::kRefuse) {
    counters_.connections_total->Add(1);
    return client->Reset();
  }
  // From here on it is in our list, until it unlinks itself.
  (new Connection(*this, std::move(client), place))->Start();
}

void Proxy::OnNoDescriptor() {
  counters_.refused[static_cast<size_t>(Refusal::kNoDescriptor)]->Add(1);
}

void Proxy::Link(Connection* connection) {
  counters_.connections_total->Add(1);
  counters_.connections->Add(1);
  ++context_.open;
  connection->next_ = first_;
  if (first_ != nullptr) first_->previous_ = connection;
  first_ = connection;
}

void Proxy::Unlink(Connection* connection) {
  (connection->previous_ == nullptr ? first_ : connection->previous_->next_) = connection->next_;
  if (connection->next_ != nullptr) connection->next_->previous_ = connection->previous_;
  context_.loop.Bury(std::unique_ptr<net::Buried>(connection));
  counters_.connections->Add(-1);
  --context_.open;
  if (context_.on_closed) context_.on_closed();
}

void Proxy::ForEach(const std::function<void(Connection&)>& each) {
  // What closes is buried, and so stays valid until the turn is over; it leaves its neighbours alone.
  for (Connection* at = first_; at != nullptr;) {
    Connection* const next = at->next_;
    each(*at);
    at = next;
  }
}

net::Addresses Proxy::UpstreamAddresses() {
  if (numeric_ != nullptr) return numeric_;
  if (net::Addresses addresses = context_.resolver.Cached(options_.upstream.host())) return addresses;
  if (!std::exchange(resolving_, true)) {
    context_.resolver.Resolve(options_.upstream.host(), context_.loop,
                              [self = self_](const net::Addresses& addresses) {
                                if (*self != nullptr) (*self)->OnResolved(addresses);
                              });
  }
  return nullptr;
}

void Proxy::OnResolved(const net::Addresses& addresses) {
  resolving_ = false;
  ForEach([&addresses](Connection& connection) {
    if (connection.resolving()) connection.OnResolved(addresses);
  });
}

void Proxy::Sweep() {
  const TimePoint now = context_.loop.FreshNow();
  ForEach([now](Connection& connection) { connection.CheckSilence(now); });
  sweep_ = context_.loop.RunAfter(SweepInterval(options_.timeout), [this] { Sweep(); });
}

}  // namespace sidelight::tap
