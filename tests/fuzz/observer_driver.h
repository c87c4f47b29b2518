// TwinDriver: feeds an observer any sequence of calls that its contract allows, and a twin the same bytes one
// by one: both must keep the contract (CheckingSink) and tell the same story.
//
// The usual input is a list of operations: one byte that says which, two with a length (little endian), and
// for the first two operations, which show bytes, that many bytes. The others skip, and close a side.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "collector/protocols/observer.h"
#include "tests/collector/protocols/checking_sink.h"

namespace sidelight {

// A sink whose story is compared with its twin's. A fuzzer derives the one that writes what its protocol's
// exchanges are worth.
class StorySink : public CheckingSink {
 public:
  void WentOpaque(OpaqueReason reason) override {
    CheckingSink::WentOpaque(reason);
    text += "opaque ";
    Number(static_cast<int64_t>(reason));
  }

  std::string text;

 protected:
  void Number(int64_t n) { text += std::to_string(n) += ' '; }
  void WriteStart(const Exchange& e) {
    Number(e.start.time_since_epoch().count());
    Number(e.pipeline_wait.count());
    text += '\n';
  }
  void WriteEnd(const Exchange& e) {
    Number(static_cast<int64_t>(e.outcome));
    Number(static_cast<int64_t>(e.request_bytes));
    Number(static_cast<int64_t>(e.response_bytes));
    Number(e.has_first_byte ? e.first_byte.time_since_epoch().count() : -1);
    Number(e.end.time_since_epoch().count());
  }
};

template <class Sink>
class TwinDriver {
 public:
  explicit TwinDriver(std::unique_ptr<Observer> (*make)(ExchangeSink& sink)) : whole_(make), single_(make) {}

  void Run(const uint8_t* data, size_t size) {
    constexpr int kOperations = 6;
    while (size >= 3) {
      const int op = data[0] % kOperations;
      const uint64_t n = data[1] | data[2] << 8;
      data += 3;
      size -= 3;
      const Direction direction = op % 2 == 0 ? Direction::kRequest : Direction::kResponse;
      const size_t taken = op < 2 ? std::min<size_t>(n, size) : 0;
      const std::string_view bytes(reinterpret_cast<const char*>(data), taken);
      data += taken;
      size -= taken;
      if (op < 2) {
        Show(direction, bytes);
      } else if (op < 4) {
        Skip(direction, n);
      } else {
        Close(direction, static_cast<CloseReason>(n % 8));
      }
    }
    Finish();
  }

  // Each of these does nothing when the direction is closed.
  void Show(Direction direction, std::string_view bytes) {
    if (closed(direction)) return;
    Before();
    whole_.observer->OnBytes(direction, bytes, now_);
    for (size_t i = 0; i < bytes.size(); ++i) {
      single_.observer->OnBytes(direction, bytes.substr(i, 1), now_);
      single_.sink.Check(*single_.observer);
    }
    After();
  }

  void Skip(Direction direction, uint64_t n) {
    if (closed(direction)) return;
    Before();
    n = std::min(n, whole_.observer->Skippable(direction));
    whole_.observer->OnSkipped(direction, n, now_);
    if (n > kMaxShown) {
      single_.observer->OnSkipped(direction, n, now_);
    } else {
      single_.observer->OnBytes(direction, std::string(n, '\n'), now_);
    }
    After();
  }

  void Close(Direction direction, CloseReason reason) {
    if (closed(direction)) return;
    closed_[Index(direction)] = true;
    Before();
    whole_.observer->OnClosed(direction, reason, now_);
    single_.observer->OnClosed(direction, reason, now_);
    After();
  }

  void Finish() {
    Close(Direction::kRequest, CloseReason::kEnd);
    Close(Direction::kResponse, CloseReason::kEnd);
    whole_.sink.CheckAllEnded();
    single_.sink.CheckAllEnded();
  }

  bool closed(Direction direction) const { return closed_[Index(direction)]; }
  Sink& whole_sink() { return whole_.sink; }
  Sink& single_sink() { return single_.sink; }

 private:
  // The longest run of bytes that the twin is shown in place of a skip.
  static constexpr uint64_t kMaxShown = 4096;

  struct Connection {
    explicit Connection(std::unique_ptr<Observer> (*make)(ExchangeSink& sink)) : observer(make(sink)) {}
    Sink sink;
    std::unique_ptr<Observer> observer;
  };
  static size_t Index(Direction direction) { return direction == Direction::kRequest ? 0 : 1; }

  void Before() {
    whole_.sink.SetNow(now_);
    single_.sink.SetNow(now_);
  }

  void After() {
    whole_.sink.Check(*whole_.observer);
    single_.sink.Check(*single_.observer);
    Require(whole_.sink.text == single_.sink.text, "another story when the same bytes came one by one");
    for (const Direction direction : {Direction::kRequest, Direction::kResponse}) {
      Require(whole_.observer->Skippable(direction) == single_.observer->Skippable(direction),
              "another Skippable when the same bytes came one by one");
    }
    Require(whole_.observer->InTransaction() == single_.observer->InTransaction(),
            "another InTransaction when the same bytes came one by one");
    Require(whole_.observer->InRequestHead() == single_.observer->InRequestHead(),
            "another InRequestHead when the same bytes came one by one");
    whole_.sink.text.clear();
    single_.sink.text.clear();
    now_ += Duration(1);
  }

  Connection whole_;
  Connection single_;
  TimePoint now_{Duration(1)};
  bool closed_[2] = {false, false};
};

}  // namespace sidelight
