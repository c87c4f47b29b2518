#include "collector/protocols/redis/observer.h"

#include <optional>

#include "collector/protocols/close_outcome.h"
#include "collector/protocols/redis/exchanges.h"
#include "collector/protocols/redis/reply_reader.h"
#include "collector/protocols/redis/request_reader.h"
#include "collector/protocols/redis/session.h"

namespace sidelight::redis {
namespace {

class RedisObserver final : public Observer {
 public:
  explicit RedisObserver(ExchangeSink& sink) : sink_(sink), exchanges_(sink, session_) {}

  void OnBytes(Direction direction, std::string_view bytes, TimePoint t) override {
    if (!done_ && !bytes.empty()) Read(direction, bytes, t);
  }

  void OnSkipped(Direction direction, uint64_t n, TimePoint t) override {
    if (done_ || n == 0) return;
    if (direction == Direction::kRequest) {
      requests_.Skip(n);
    } else {
      replies_.Skip(n);
    }
    Read(direction, {}, t);
  }

  void OnClosed(Direction direction, CloseReason reason, TimePoint t) override {
    if (direction == Direction::kRequest) {
      RequestClosed(reason, t);
    } else {
      ResponseClosed(reason, t);
    }
  }

  uint64_t Skippable(Direction direction) const override {
    if (done_) return kEverything;
    return direction == Direction::kRequest ? requests_.Skippable() : replies_.Skippable();
  }

  bool AwaitingResponse() const override { return exchanges_.awaiting(); }
  bool InTransaction() const override { return !done_ && !exchanges_.closed() && session_.in_multi; }
  bool InRequestHead() const override { return !done_ && !request_closed_ && requests_.in_head(); }

 private:
  void Read(Direction direction, std::string_view bytes, TimePoint t) {
    const std::optional<OpaqueReason> fault =
        direction == Direction::kRequest ? requests_.Read(bytes, t) : replies_.Read(bytes, t);
    if (fault) GoOpaque(*fault, t);
  }

  void RequestClosed(CloseReason reason, TimePoint t) {
    request_closed_ = true;
    if (done_) return;
    if (exchanges_.greeted()) return GoOpaque(OpaqueReason::kDesynchronized, t);
    // Half a connection: replies may still come.
    if (reason == CloseReason::kEnd) return;
    exchanges_.EndAll(reason == CloseReason::kReset ? Outcome::kClientGone : OutcomeOf(reason), t);
    Finish();
  }

  void ResponseClosed(CloseReason reason, TimePoint t) {
    if (done_ || exchanges_.closed()) return;
    // No command will come that it could be the answer to.
    if (exchanges_.greeted() && reason != CloseReason::kEnd)
      return GoOpaque(OpaqueReason::kDesynchronized, t);
    const bool by_upstream = reason == CloseReason::kEnd || reason == CloseReason::kReset;
    exchanges_.Close(by_upstream && request_closed_ ? Outcome::kClientGone : OutcomeOf(reason), t);
  }

  void GoOpaque(OpaqueReason reason, TimePoint t) {
    exchanges_.EndAll(Outcome::kUnobserved, t);
    Finish();
    sink_.WentOpaque(reason);
  }

  void Finish() {
    done_ = true;
    exchanges_.Clear();
    replies_.Clear();
  }

  ExchangeSink& sink_;
  Session session_;
  Exchanges exchanges_;
  RequestReader requests_{session_, exchanges_};
  ReplyReader replies_{session_, exchanges_};
  bool done_ = false;  // nothing more is to be read: opaque, or the client is gone
  bool request_closed_ = false;
};

// Each connection has one.
static_assert(sizeof(RedisObserver) <= 1024);

}  // namespace

std::unique_ptr<Observer> MakeObserver(ExchangeSink& sink) {
  return std::make_unique<RedisObserver>(sink);
}

}  // namespace sidelight::redis
