// Connection: a client, the upstream, and the bytes between them.
//
//   kResolving -> kConnecting -> kOpen -> closed
//        \______________\_____________-> kExplaining -> closed     (the upstream cannot be reached)
//
// Write first, observe after: bytes are read into the worker's buffer, written to the other side, and shown
// to the observer when the turn's events are dealt with (unseen.h), or before the observer is asked or told
// anything else. What a slow peer leaves over is kept, at most one buffer per direction, and that direction
// is not read until it is gone: so the slowness is passed on, and an idle connection owns no buffer.
//
// Ends are passed on as they come: an end of one direction as an end of that direction, a reset as a reset.
// Edge-triggered: a socket is watched once, and what is known of it (readable or not) is kept here.
#pragma once

#include <memory>
#include <optional>

#include "collector/protocols/observer.h"
#include "collector/tap/client_header.h"
#include "collector/tap/pipe_pool.h"
#include "collector/tap/proxy.h"
#include "core/net/event_loop.h"
#include "core/net/stream.h"

namespace sidelight::tap {

class Connection final : public net::Buried {
 public:
  Connection(Proxy& proxy, std::unique_ptr<net::Stream> client, ConnectionLimit::Place place);
  ~Connection() override;

  // Connects the upstream, or only explains the refusal when the place in the limit says so.
  void Start();
  // The upstream's name was resolved; null: it was not.
  void OnResolved(const net::Addresses& addresses);
  bool resolving() const { return state_ == State::kResolving; }

  // Closes it in order if it is idle: no exchange under way, nothing kept or to be read. One that nobody
  // parses is never known to be idle; it ends when its peers end it.
  void CloseIfIdle();
  // The deadline for draining has passed.
  void Shutdown();
  // Gives up if the upstream owes an answer and nothing has moved within the tap's timeout. Called a few
  // times within that.
  void CheckSilence(TimePoint now);
  // Shows the observer bytes that were read before.
  void Observe(Direction direction, std::string_view bytes, TimePoint t);

 private:
  friend class Proxy;
  enum class State : uint8_t { kResolving, kConnecting, kOpen, kExplaining, kClosed };

  // One socket, and the bytes that were read from it and are not yet written to the other.
  struct End final : public net::EventHandler {
    End(Connection* c, Direction d) : connection(c), direction(d) {}
    void OnEvents(uint32_t events) override { connection->OnEvents(*this, events); }
    bool HasLeft() const { return left != nullptr || in_pipe > 0; }

    Connection* const connection;
    const Direction direction;  // of what is read here
    bool watched = false;
    bool readable = false;  // there may be something to read
    // A short read does not prove that nothing is left (of a unix socket never: one stops where descriptors
    // were passed along).
    bool more_behind = false;
    bool ended = false;    // it will send no more
    bool broken = false;   // it takes no more: a write failed
    bool bulk = false;     // the last read was large
    uint32_t in_pipe = 0;  // bytes in `pipe`
    std::unique_ptr<net::Stream> stream;
    struct Left {
      std::string bytes;
      size_t written = 0;
    };
    std::unique_ptr<Left> left;
    Pipe pipe;
  };
  // What is needed only until the upstream is there.
  struct Attempt {
    net::Addresses addresses;
    size_t first = 0;  // which of them is tried first
    size_t tried = 0;
    TimePoint begun{};
    CloseReason reason = CloseReason::kConnectRefused;  // why the last one failed
    ConnectFailure failure = ConnectFailure::kRefused;
    TimePoint deadline{};  // of the address at hand
  };

  void OnEvents(End& end, uint32_t events);
  End& Other(const End& end) { return &end == &client_ ? upstream_ : client_; }

  void Connect(const net::Addresses& addresses);
  void TryNextAddress();
  void TryAddress(const net::SocketAddress& address);
  void OnConnectDecided(int error);
  void OnConnected();
  void AttemptFailed(int error);

  // The upstream is out of reach: the request is still read, so that it can be counted by method and route.
  void Explain(CloseReason reason);
  void FinishExplaining();
  bool Explained();

  void Pump(End& from);  // reads it, for as long as that makes sense
  void Move(End& from);  // one read and one write
  // False when nothing could be spliced and copying has to do it.
  bool PumpSpliced(End& from, End& to, uint64_t skippable);
  void Flush(End& to);
  bool FlushPipe(End& from, End& to);  // false when `to` is broken
  void ReadForObserver();              // while there is no upstream to write to
  void Count(const End& from, uint64_t n);
  void Keep(const End& from, size_t n);
  void ObserveSkipped(Direction direction, uint64_t n, TimePoint t);
  // The observer, after it has seen everything that was passed on; null for tcp.
  Observer* UpToDate();
  uint64_t Skippable(const End& from);

  void OnEnded(End& from);
  void OnWriteFailed(End& to);
  void OnLost(End& end);
  void DropLeft(End& from);

  bool MayRead(const End& end) const;
  bool Watch(End& end);  // false: the system refuses, and the connection is closed
  void Rearm(End& end);  // another event comes in the next turn, if it can be read
  void Unwatch(End& end);
  void GiveUp(CloseReason reason);  // tells the observer and resets both
  void Close();                     // after this nothing may be touched but to return

  Proxy& proxy_;
  Connection* previous_ = nullptr;
  Connection* next_ = nullptr;
  State state_ = State::kResolving;
  const ConnectionLimit::Place place_;
  // The client's bytes go to the observer as they are: no PROXY header is possible any more.
  bool shows_all_ = true;
  bool behind_ = false;  // there are bytes that the observer has yet to see
  CloseReason explained_reason_ = CloseReason::kConnectRefused;
  End client_;
  End upstream_;
  std::unique_ptr<Observer> observer_;  // null for tcp; UpToDate() leads to it
  std::unique_ptr<ClientHeader> header_;
  std::unique_ptr<Attempt> attempt_;
  net::TimerId timer_ = net::kNoTimer;
  TimePoint last_moved_;
  size_t unsent_ = 0;  // to the upstream, when CheckSilence() looked last
};

}  // namespace sidelight::tap
