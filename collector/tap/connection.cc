#include "collector/tap/connection.h"

#include <fcntl.h>
#include <sys/epoll.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <span>
#include <utility>

#include "core/net/connector.h"
#include "core/net/proxy_header.h"
#include "core/net/socket_stream.h"

namespace sidelight::tap {
namespace {

// Asked for once: edge-triggered, so that no event costs a second look of the system's at the next turn
// (measured: level-triggered adds 4 to 6 % to the bare relay), and a hang-up is reported once.
constexpr uint32_t kInterest = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET;
// After these a short read does not prove that nothing is left: an end or an error is behind it, or urgent
// data, at which every read stops.
constexpr uint32_t kMoreBehind = EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI;
// Reads of one direction in a row, before the others get their turn.
constexpr int kRounds = 4;
// A unix socket whose backlog is full does not say when it has room again.
constexpr Duration kBusyRetry = std::chrono::milliseconds(5);

size_t Index(Direction direction) {
  return static_cast<size_t>(direction);
}

void NoteMiss(ConnectFailure failure, Reach* reach) {
  if (failure == ConnectFailure::kRefused) reach->Missed("the upstream could not be connected to");
  if (failure == ConnectFailure::kTimeout) reach->Missed("the upstream did not answer in time");
  // A lack of descriptors is ours, and says nothing about the upstream.
}

}  // namespace

Connection::Connection(Proxy& proxy, std::unique_ptr<net::Stream> client, ConnectionLimit::Place place)
    : proxy_(proxy),
      place_(place),
      client_(this, Direction::kRequest),
      upstream_(this, Direction::kResponse),
      last_moved_(proxy.context().loop.Now()) {
  client_.stream = std::move(client);
  if (proxy.protocol_.make_observer != nullptr) observer_ = proxy.protocol_.make_observer(proxy.sink_);
  shows_all_ = observer_ == nullptr;
  proxy_.Link(this);
}

Connection::~Connection() {
  PipePool::Discard(client_.pipe);
  PipePool::Discard(upstream_.pipe);
}

void Connection::Start() {
  client_.more_behind = proxy_.listens_on_unix_;
  if (!Watch(client_)) return;
  if (place_ == ConnectionLimit::Place::kExplain) return Explain(CloseReason::kOverloaded);
  attempt_ = std::make_unique<Attempt>();
  attempt_->begun = proxy_.context().loop.Now();
  if (const net::Addresses addresses = proxy_.UpstreamAddresses()) return Connect(addresses);
  timer_ = proxy_.context().loop.RunAfter(proxy_.options().connect_timeout, [this] {
    timer_ = net::kNoTimer;
    OnResolved(nullptr);
  });
}

void Connection::OnResolved(const net::Addresses& addresses) {
  assert(state_ == State::kResolving);
  proxy_.context().loop.Cancel(timer_);
  if (addresses != nullptr) return Connect(addresses);
  proxy_.counters().connect_failures[static_cast<size_t>(ConnectFailure::kDns)]->Add(1);
  proxy_.reach().Missed("the upstream's name could not be resolved");
  Explain(CloseReason::kDns);
}

void Connection::Connect(const net::Addresses& addresses) {
  state_ = State::kConnecting;
  attempt_->addresses = addresses;
  attempt_->first = proxy_.preferred_ < addresses->size() ? proxy_.preferred_ : 0;
  TryNextAddress();
}

void Connection::TryNextAddress() {
  const std::vector<net::SocketAddress>& addresses = *attempt_->addresses;
  if (attempt_->tried == addresses.size()) {
    // It may have moved.
    if (!proxy_.options().upstream.is_numeric()) {
      proxy_.context().resolver.Refresh(proxy_.options().upstream.host());
    }
    proxy_.counters().connect_failures[static_cast<size_t>(attempt_->failure)]->Add(1);
    NoteMiss(attempt_->failure, &proxy_.reach());
    return Explain(attempt_->reason);
  }
  // What is left of the time is shared by the addresses that are left, so that one that never answers leaves
  // some to the next.
  const TimePoint now = proxy_.context().loop.FreshNow();
  const TimePoint end = attempt_->begun + proxy_.options().connect_timeout;
  const auto left = static_cast<int64_t>(addresses.size() - attempt_->tried);
  attempt_->deadline = now + std::max<Duration>(end - now, Duration{}) / left;
  net::SocketAddress address = addresses[(attempt_->first + attempt_->tried++) % addresses.size()];
  if (address.is_ip()) address.set_port(proxy_.options().upstream.port());
  TryAddress(address);
}

void Connection::TryAddress(const net::SocketAddress& address) {
  net::EventLoop& loop = proxy_.context().loop;
  const net::ConnectResult result = net::StartConnect(address, proxy_.source_ ? &*proxy_.source_ : nullptr);
  Duration wait = attempt_->deadline - loop.FreshNow();
  switch (result.status) {
    case net::ConnectStatus::kFailed:
      return AttemptFailed(result.error);
    case net::ConnectStatus::kBusy:
      if (wait <= Duration{}) return AttemptFailed(ETIMEDOUT);
      timer_ = loop.RunAfter(std::min(wait, kBusyRetry), [this, address] {
        timer_ = net::kNoTimer;
        TryAddress(address);
      });
      return;
    case net::ConnectStatus::kConnected:
    case net::ConnectStatus::kInProgress:
      break;
  }
  upstream_.stream = std::make_unique<net::SocketStream>(result.fd);
  upstream_.readable = false;
  upstream_.more_behind = address.family() == AF_UNIX;
  if (!Watch(upstream_)) return;
  if (result.status == net::ConnectStatus::kConnected) return OnConnected();
  timer_ = loop.RunAfter(wait, [this] {
    timer_ = net::kNoTimer;
    OnConnectDecided(ETIMEDOUT);
  });
}

void Connection::OnConnectDecided(int error) {
  proxy_.context().loop.Cancel(timer_);
  if (error == 0) return OnConnected();
  Unwatch(upstream_);
  upstream_.stream.reset();
  AttemptFailed(error);
}

void Connection::AttemptFailed(int error) {
  switch (error) {
    case ETIMEDOUT:
      attempt_->reason = CloseReason::kConnectTimeout;
      attempt_->failure = ConnectFailure::kTimeout;
      break;
    case EMFILE:
    case ENFILE:
      // Nothing is wrong with the upstream: it is we who have too much to do.
      attempt_->reason = CloseReason::kOverloaded;
      attempt_->failure = ConnectFailure::kNoDescriptor;
      break;
    default:
      attempt_->reason = CloseReason::kConnectRefused;
      attempt_->failure = ConnectFailure::kRefused;
  }
  TryNextAddress();
}

void Connection::OnConnected() {
  net::EventLoop& loop = proxy_.context().loop;
  proxy_.reach().Reached();
  proxy_.counters().connect_duration->Observe(Seconds(loop.FreshNow() - attempt_->begun));
  proxy_.preferred_ = (attempt_->first + attempt_->tried - 1) % attempt_->addresses->size();
  attempt_.reset();
  state_ = State::kOpen;
  last_moved_ = loop.Now();
  if (proxy_.options().proxy_protocol) {
    const int fd = client_.stream->fd();
    if (client_.left == nullptr) client_.left = std::make_unique<End::Left>();
    client_.left->bytes.insert(
        0, net::EncodeProxyHeader(net::SocketAddress::Peer(fd), net::SocketAddress::Local(fd)));
  }
  if (client_.HasLeft()) {
    Flush(upstream_);
  } else if (client_.ended) {
    upstream_.stream->ShutdownWrite();
  } else {
    Pump(client_);
  }
  // A backend that speaks first may have done so already.
  Pump(upstream_);
}

void Connection::Explain(CloseReason reason) {
  net::EventLoop& loop = proxy_.context().loop;
  state_ = State::kExplaining;
  explained_reason_ = reason;
  attempt_.reset();
  DropLeft(client_);
  if (Explained()) return FinishExplaining();
  timer_ = loop.RunAfter(proxy_.context().tuning.explain, [this] {
    timer_ = net::kNoTimer;
    FinishExplaining();
  });
  Pump(client_);
}

bool Connection::Explained() {
  const Observer* const observer = UpToDate();
  return observer == nullptr || client_.ended || observer->AwaitingResponse() ||
         observer->Skippable(Direction::kRequest) == Observer::kEverything;
}

void Connection::FinishExplaining() {
  GiveUp(explained_reason_);
}

void Connection::OnEvents(End& end, uint32_t events) {
  if ((events & (EPOLLIN | kMoreBehind)) != 0) end.readable = true;
  if ((events & kMoreBehind) != 0) end.more_behind = true;
  if (state_ == State::kConnecting && &end == &upstream_) {
    OnConnectDecided(net::FinishConnect(upstream_.stream->fd()));
  } else {
    if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0 && Other(end).HasLeft() && state_ == State::kOpen)
      Flush(end);
    Pump(end);
    // A reset after an orderly end can be heard of in no other way.
    if ((events & EPOLLERR) != 0 && state_ == State::kOpen && end.ended && !end.broken) OnWriteFailed(end);
  }
  if (proxy_.draining_) CloseIfIdle();
}

void Connection::Pump(End& from) {
  for (int round = 0; MayRead(from); ++round) {
    if (round == kRounds) return Rearm(from);
    if (state_ == State::kOpen) {
      Move(from);
    } else {
      ReadForObserver();
    }
  }
}

bool Connection::MayRead(const End& end) const {
  if (!end.readable || end.ended || end.HasLeft()) return false;
  const End& to = &end == &client_ ? upstream_ : client_;
  return state_ == State::kOpen ? !to.broken : state_ != State::kClosed && &end == &client_;
}

void Connection::Move(End& from) {
  End& to = Other(from);
  Context& context = proxy_.context();
  if (from.bulk) {
    const uint64_t skippable = Skippable(from);
    if (skippable >= context.tuning.splice_from && PumpSpliced(from, to, skippable)) return;
  }
  // The first read is kept short: of a large body that shows its length in its first bytes the rest can be
  // spliced.
  const size_t most =
      from.bulk ? context.unseen.capacity() : std::min(context.tuning.first_read, context.unseen.capacity());
  const std::span<char> room = context.unseen.Room(most);
  const net::IoResult got = from.stream->Read(room);
  switch (got.status) {
    case net::IoStatus::kWouldBlock:
      from.readable = from.bulk = false;
      return;
    case net::IoStatus::kEnd:
      return OnEnded(from);
    case net::IoStatus::kError:
      return OnLost(from);
    case net::IoStatus::kOk:
      break;
  }
  const std::string_view bytes(room.data(), got.n);
  if (got.n < most && !from.more_behind) from.readable = false;
  from.bulk = got.n >= context.tuning.first_read;
  const net::IoResult put = to.stream->Write(bytes);
  if (put.n < got.n && put.status != net::IoStatus::kError) {
    from.left = std::make_unique<End::Left>();
    from.left->bytes.assign(bytes.substr(put.n));
  }
  Count(from, got.n);
  Keep(from, got.n);
  if (put.status == net::IoStatus::kError) OnWriteFailed(to);
}

bool Connection::PumpSpliced(End& from, End& to, uint64_t skippable) {
  if (!from.stream->spliceable() || !to.stream->spliceable()) return false;
  Context& context = proxy_.context();
  if (!from.pipe) from.pipe = context.pipes.Take();
  if (!from.pipe) return false;
  const size_t most = std::min<uint64_t>(skippable, 1 << 20);
  // The pipe is empty, so it is the socket that would block.
  const ssize_t got = splice(from.stream->fd(), nullptr, from.pipe.write_fd, nullptr, most,
                             SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (got <= 0) {
    const int error = errno;
    context.pipes.Return(from.pipe);
    if (got == 0) {
      // The end, or urgent data with the end somewhere behind it: a read will tell.
      from.bulk = false;
      return false;
    }
    if (error == EINVAL) return false;
    if (error == EAGAIN) {
      // Small reads may follow, or nothing: a read will tell.
      from.bulk = false;
      // splice(2) stops before urgent data for good, in line or not. A read takes it.
      if (from.more_behind) return false;
      from.readable = false;
    } else {
      OnLost(from);
    }
    return true;
  }
  from.in_pipe = static_cast<uint32_t>(got);
  const bool written = FlushPipe(from, to);
  Count(from, static_cast<uint64_t>(got));
  if (observer_ != nullptr) ObserveSkipped(from.direction, static_cast<uint64_t>(got), last_moved_);
  if (!written) OnWriteFailed(to);
  return true;
}

bool Connection::FlushPipe(End& from, End& to) {
  while (from.in_pipe > 0) {
    const ssize_t put = splice(from.pipe.read_fd, nullptr, to.stream->fd(), nullptr, from.in_pipe,
                               SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (put < 0) return errno == EAGAIN;
    from.in_pipe -= static_cast<uint32_t>(put);
  }
  proxy_.context().pipes.Return(from.pipe);
  return true;
}

void Connection::Flush(End& to) {
  End& from = Other(to);
  if (from.left != nullptr) {
    End::Left& left = *from.left;
    const net::IoResult put = to.stream->Write(std::string_view(left.bytes).substr(left.written));
    if (put.status == net::IoStatus::kError) return OnWriteFailed(to);
    left.written += put.n;
    if (put.n > 0) last_moved_ = proxy_.context().loop.Now();
    if (left.written < left.bytes.size()) return;
    from.left.reset();
  }
  if (from.in_pipe > 0 && !FlushPipe(from, to)) return OnWriteFailed(to);
  if (from.HasLeft()) return;
  last_moved_ = proxy_.context().loop.Now();
  if (from.ended && from.broken) return OnLost(from);
  if (from.ended) {
    to.stream->ShutdownWrite();
    if (to.ended && !to.HasLeft()) Close();
    return;
  }
  // There is room again.
  Pump(from);
}

void Connection::ReadForObserver() {
  const std::span<char> room = proxy_.context().unseen.Room(proxy_.context().unseen.capacity());
  const net::IoResult got = client_.stream->Read(room);
  switch (got.status) {
    case net::IoStatus::kWouldBlock:
      client_.readable = false;
      return;
    case net::IoStatus::kEnd:
      client_.ended = true;
      if (Observer* const observer = UpToDate()) {
        observer->OnClosed(Direction::kRequest, CloseReason::kEnd, proxy_.context().loop.Now());
      }
      break;
    case net::IoStatus::kError:
      return OnLost(client_);
    case net::IoStatus::kOk: {
      if (got.n < room.size() && !client_.more_behind) client_.readable = false;
      if (state_ != State::kExplaining) {
        client_.left = std::make_unique<End::Left>();
        client_.left->bytes.assign(room.data(), got.n);
      }
      Count(client_, got.n);
      Keep(client_, got.n);
      break;
    }
  }
  if (state_ == State::kExplaining && Explained()) FinishExplaining();
}

void Connection::Count(const End& from, uint64_t n) {
  last_moved_ = proxy_.context().loop.Now();
  proxy_.counters_.bytes[Index(from.direction)]->Add(static_cast<double>(n));
}

// The first bytes of what was read last.
void Connection::Keep(const End& from, size_t n) {
  if (observer_ == nullptr) return;
  proxy_.context().unseen.Keep(*this, from.direction, n, last_moved_);
  behind_ = true;
}

void Connection::Observe(Direction direction, std::string_view bytes, TimePoint t) {
  behind_ = false;
  if (!shows_all_ && direction == Direction::kRequest) {
    if (header_ == nullptr) header_ = std::make_unique<ClientHeader>();
    shows_all_ = header_->Feed(bytes, t, *observer_);
    if (shows_all_) header_.reset();
  } else if (observer_->Skippable(direction) == Observer::kEverything) {
    return ObserveSkipped(direction, bytes.size(), t);
  } else {
    observer_->OnBytes(direction, bytes, t);
  }
  // With these it gave up, and how much of them was understood is not known.
  if (observer_->Skippable(direction) == Observer::kEverything) {
    proxy_.counters_.bytes_unparsed->Add(static_cast<double>(bytes.size()));
  }
}

void Connection::ObserveSkipped(Direction direction, uint64_t n, TimePoint t) {
  if (observer_->Skippable(direction) == Observer::kEverything) {
    proxy_.counters_.bytes_unparsed->Add(static_cast<double>(n));
  }
  observer_->OnSkipped(direction, n, t);
}

Observer* Connection::UpToDate() {
  if (behind_) proxy_.context().unseen.Show();
  return observer_.get();
}

uint64_t Connection::Skippable(const End& from) {
  const Observer* const observer = UpToDate();
  if (observer == nullptr) return Observer::kEverything;
  return shows_all_ ? observer->Skippable(from.direction) : 0;
}

void Connection::OnEnded(End& from) {
  // Its write side failed before: this is what the system makes of a reset that was already noticed.
  if (from.broken) return OnLost(from);
  from.ended = true;
  if (Observer* const observer = UpToDate()) {
    if (&from == &client_ && header_ != nullptr) header_->Finish(*observer);
    observer->OnClosed(from.direction, CloseReason::kEnd, proxy_.context().loop.Now());
  }
  End& to = Other(from);
  to.stream->ShutdownWrite();
  if (to.ended && !to.HasLeft()) Close();
}

void Connection::OnWriteFailed(End& to) {
  to.broken = true;
  DropLeft(Other(to));
  // What it had sent before it went away is still passed on; its end comes behind that.
  // If both are gone nobody reads what is left of either.
  if (Other(to).broken || (to.ended && !to.HasLeft())) OnLost(to);
}

void Connection::OnLost(End& end) {
  if (Observer* const observer = UpToDate()) {
    observer->OnClosed(end.direction, CloseReason::kReset, proxy_.context().loop.Now());
  }
  End& other = Other(end);
  Unwatch(other);
  if (other.stream != nullptr) other.stream->Reset();
  Close();
}

void Connection::GiveUp(CloseReason reason) {
  if (Observer* const observer = UpToDate()) {
    if (header_ != nullptr) header_->Finish(*observer);
    observer->OnClosed(Direction::kResponse, reason, proxy_.context().loop.FreshNow());
  }
  for (End* end : {&client_, &upstream_}) {
    Unwatch(*end);
    if (end->stream != nullptr) end->stream->Reset();
  }
  Close();
}

void Connection::CloseIfIdle() {
  if (state_ == State::kClosed || state_ == State::kExplaining) return;
  const Observer* const observer = UpToDate();
  if (observer == nullptr || header_ != nullptr || observer->AwaitingResponse() ||
      observer->InTransaction() || observer->InRequestHead()) {
    return;
  }
  if (shows_all_ && observer->Skippable(Direction::kRequest) == Observer::kEverything) return;
  if (client_.HasLeft() || upstream_.HasLeft()) return;
  // A request that is here and was not read yet: its event is still to come.
  if (!client_.ended && client_.stream->HasUnread()) return;
  Close();
}

void Connection::Shutdown() {
  if (state_ != State::kClosed)
    GiveUp(state_ == State::kExplaining ? explained_reason_ : CloseReason::kShutdown);
}

void Connection::CheckSilence(TimePoint now) {
  if (state_ != State::kOpen || observer_ == nullptr || !UpToDate()->AwaitingResponse()) return;
  // The system holds megabytes for an upstream that takes its request slowly, and has room for more of it
  // only now and then.
  const size_t unsent = upstream_.stream->Unsent();
  if (unsent < unsent_) last_moved_ = now;
  unsent_ = unsent;
  // It is the client that is slow, if it does not take what is there.
  if (upstream_.HasLeft() || now - last_moved_ < proxy_.options().timeout) return;
  GiveUp(CloseReason::kTimeout);
}

void Connection::DropLeft(End& from) {
  from.left.reset();
  from.in_pipe = 0;
  PipePool::Discard(from.pipe);
}

bool Connection::Watch(End& end) {
  end.watched = proxy_.context().loop.Add(end.stream->fd(), kInterest, &end);
  // A socket that cannot be watched would hang for ever.
  if (!end.watched) GiveUp(CloseReason::kOverloaded);
  return end.watched;
}

void Connection::Rearm(End& end) {
  proxy_.context().loop.Modify(end.stream->fd(), kInterest, &end);
}

void Connection::Unwatch(End& end) {
  if (end.watched) proxy_.context().loop.Remove(end.stream->fd(), &end);
  end.watched = false;
}

void Connection::Close() {
  UpToDate();
  state_ = State::kClosed;
  for (End* end : {&client_, &upstream_}) {
    Unwatch(*end);
    end->stream.reset();
    DropLeft(*end);
  }
  proxy_.context().loop.Cancel(timer_);
  proxy_.context().limit.Leave(place_);
  proxy_.Unlink(this);
}

}  // namespace sidelight::tap
