// Feeds the Redis observer any sequence of calls that its contract allows, and a twin the same bytes one by
// one: both must keep the contract (CheckingSink) and tell the same story.
//
// The input is a list of operations: one byte that says which, two with a length (little endian), and for the
// first two that many bytes.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "collector/protocols/redis/observer.h"
#include "tests/collector/protocols/checking_sink.h"

namespace sidelight {
namespace {

class Recorder final : public CheckingSink {
 public:
  void Started(const Exchange& e) override {
    CheckingSink::Started(e);
    Write('s', e);
  }
  void Ended(const Exchange& e) override {
    CheckingSink::Ended(e);
    Write('e', e);
    Number(static_cast<int64_t>(e.outcome));
    text += e.error;
    Number(e.blocking ? 1 : 0);
    Require(e.cache.size() <= 64, "more keyspaces than an exchange may have");
    for (const CacheLookup& lookup : e.cache) {
      Number(lookup.keyspace);
      Number(lookup.hits);
      Number(lookup.misses);
    }
    Number(static_cast<int64_t>(e.request_bytes));
    Number(static_cast<int64_t>(e.response_bytes));
    Number(e.has_first_byte ? e.first_byte.time_since_epoch().count() : -1);
    Number(e.end.time_since_epoch().count());
  }
  void WentOpaque(OpaqueReason reason) override {
    CheckingSink::WentOpaque(reason);
    text += "opaque ";
    Number(static_cast<int64_t>(reason));
  }

  uint32_t Keyspace(std::string_view key) override {
    Require(key.size() <= 256, "a key that was not cut");
    return key.empty() ? 0 : static_cast<unsigned char>(key.back());
  }

  std::string text;

 private:
  void Number(int64_t n) { text += std::to_string(n) += ' '; }
  void Write(char what, const Exchange& e) {
    Require(e.error.size() <= 32, "an error that was not cut");
    ((text += what) += e.operation) += e.database;
    Number(e.start.time_since_epoch().count());
    Number(e.pipeline_wait.count());
    text += '\n';
  }
};

// The longest run of bytes that the twin is shown in place of a skip.
constexpr uint64_t kMaxShown = 4096;

struct Connection {
  Recorder sink;
  std::unique_ptr<Observer> observer = redis::MakeObserver(sink);
};

class Conversation {
 public:
  void Run(const uint8_t* data, size_t size) {
    while (size >= 3) {
      const uint8_t op = data[0] % 6;
      const uint64_t n = data[1] | data[2] << 8;
      data += 3;
      size -= 3;
      const Direction direction = op % 2 == 0 ? Direction::kRequest : Direction::kResponse;
      const bool closed = closed_[op % 2];
      if (op < 2) {
        const size_t taken = std::min<size_t>(n, size);
        if (!closed) Show(direction, std::string_view(reinterpret_cast<const char*>(data), taken));
        data += taken;
        size -= taken;
      } else if (closed) {
        continue;
      } else if (op < 4) {
        Skip(direction, n);
      } else {
        Close(direction, static_cast<CloseReason>(n % 8));
      }
      now_ += Duration(1);
    }
    if (!closed_[0]) Close(Direction::kRequest, CloseReason::kEnd);
    if (!closed_[1]) Close(Direction::kResponse, CloseReason::kEnd);
    whole_.sink.CheckAllEnded();
    single_.sink.CheckAllEnded();
  }

 private:
  void Show(Direction direction, std::string_view bytes) {
    Before();
    whole_.observer->OnBytes(direction, bytes, now_);
    for (size_t i = 0; i < bytes.size(); ++i) {
      single_.observer->OnBytes(direction, bytes.substr(i, 1), now_);
      single_.sink.Check(*single_.observer);
    }
    After();
  }

  void Skip(Direction direction, uint64_t n) {
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
    closed_[direction == Direction::kRequest ? 0 : 1] = true;
    Before();
    whole_.observer->OnClosed(direction, reason, now_);
    single_.observer->OnClosed(direction, reason, now_);
    After();
  }

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
    Require(whole_.observer->InRequestHead() == single_.observer->InRequestHead(),
            "another InRequestHead when the same bytes came one by one");
    whole_.sink.text.clear();
    single_.sink.text.clear();
  }

  Connection whole_;
  Connection single_;
  TimePoint now_{Duration(1)};
  bool closed_[2] = {false, false};
};

}  // namespace
}  // namespace sidelight

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sidelight::Conversation().Run(data, size);
  return 0;
}
