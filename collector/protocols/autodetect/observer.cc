#include "collector/protocols/autodetect/observer.h"

#include <algorithm>
#include <array>
#include <vector>

#include "collector/protocols/autodetect/detect.h"
#include "collector/protocols/likeness.h"

namespace sidelight::autodetect {
namespace {

class AutoObserver final : public Observer {
 public:
  explicit AutoObserver(ExchangeSink& sink) : sink_(sink) {}

  void OnBytes(Direction direction, std::string_view bytes, TimePoint t) override {
    if (observer_ != nullptr) return observer_->OnBytes(direction, bytes, t);
    if (opaque_ || bytes.empty()) return;
    if (direction == Direction::kResponse) return GoOpaque();
    ReadFirst(bytes, t);
  }

  void OnSkipped(Direction direction, uint64_t n, TimePoint t) override {
    if (observer_ != nullptr) observer_->OnSkipped(direction, n, t);
  }

  void OnClosed(Direction direction, CloseReason reason, TimePoint t) override {
    if (observer_ != nullptr) return observer_->OnClosed(direction, reason, t);
    if (opaque_) return;
    // Nothing more will tell.
    if (direction == Direction::kRequest && InRequestHead()) return GoOpaque();
    Early().events.push_back({.t = t, .direction = direction, .reason = reason});
  }

  uint64_t Skippable(Direction direction) const override {
    if (observer_ != nullptr) return observer_->Skippable(direction);
    return opaque_ ? kEverything : 0;
  }

  bool AwaitingResponse() const override { return observer_ != nullptr && observer_->AwaitingResponse(); }
  bool InTransaction() const override { return observer_ != nullptr && observer_->InTransaction(); }
  bool InRequestHead() const override {
    return observer_ != nullptr ? observer_->InRequestHead() : kept_ != nullptr && kept_->size > 0;
  }

 private:
  // What happened before the decision, in its order.
  struct Event {
    TimePoint t;
    uint8_t bytes = 0;  // of the client; 0: a side was closed
    Direction direction = Direction::kRequest;
    CloseReason reason = CloseReason::kEnd;
  };
  struct Kept {
    std::array<char, kMaxPrefix> bytes;
    size_t size = 0;
    std::vector<Event> events;  // at most one for each byte, and one for each side
  };

  Kept& Early() {
    if (kept_ == nullptr) kept_ = std::make_unique<Kept>();
    return *kept_;
  }

  void ReadFirst(std::string_view bytes, TimePoint t) {
    // Most connections tell with their first piece, and nothing is kept of them.
    std::string_view prefix = bytes.substr(0, kMaxPrefix);
    if (InRequestHead()) {
      const size_t n = std::min(bytes.size(), kMaxPrefix - kept_->size);
      std::copy_n(bytes.begin(), n, kept_->bytes.begin() + kept_->size);
      prefix = std::string_view(kept_->bytes.data(), kept_->size + n);
    }
    const Detection detection = Detect(prefix);
    if (!detection.decided) return Keep(bytes, t);
    if (detection.protocol == nullptr) return GoOpaque();
    observer_ = detection.protocol->make_observer(sink_.Detected(*detection.protocol));
    if (kept_ != nullptr) Replay();
    observer_->OnBytes(Direction::kRequest, bytes, t);
  }

  // All of `bytes` fits: a full prefix is always decided.
  void Keep(std::string_view bytes, TimePoint t) {
    Kept& kept = Early();
    std::copy(bytes.begin(), bytes.end(), kept.bytes.begin() + kept.size);
    kept.size += bytes.size();
    kept.events.push_back({.t = t, .bytes = static_cast<uint8_t>(bytes.size())});
  }

  void Replay() {
    std::string_view bytes(kept_->bytes.data(), kept_->size);
    for (const Event& event : kept_->events) {
      if (event.bytes == 0) {
        observer_->OnClosed(event.direction, event.reason, event.t);
      } else {
        observer_->OnBytes(Direction::kRequest, bytes.substr(0, event.bytes), event.t);
        bytes.remove_prefix(event.bytes);
      }
    }
    kept_.reset();
  }

  void GoOpaque() {
    opaque_ = true;
    kept_.reset();
    sink_.WentOpaque(OpaqueReason::kNotProtocol);
  }

  ExchangeSink& sink_;
  std::unique_ptr<Observer> observer_;  // once it is known which
  std::unique_ptr<Kept> kept_;          // until then, if there is anything to keep
  bool opaque_ = false;
};

}  // namespace

std::unique_ptr<Observer> MakeObserver(ExchangeSink& sink) {
  return std::make_unique<AutoObserver>(sink);
}

}  // namespace sidelight::autodetect
