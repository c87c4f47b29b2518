// Feeds the PostgreSQL observer any sequence of calls that its contract allows, and a twin the same bytes one
// by one: both must keep the contract (CheckingSink) and tell the same story.
//
// The input is a list of operations: one byte that says which, two with a length (little endian), and for the
// first two that many bytes. An operation of 6 or 7 has a byte of type instead and sends, to the server or
// the client, a message of that type with a right length and so many bytes of content, so that the fuzzer
// need not learn to count.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "collector/protocols/postgres/observer.h"
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
    text += e.error;
    Require(e.error.size() <= 6, "an error that is no SQLSTATE");
    Require(e.error.empty() || e.outcome == Outcome::kAnswered, "an error without answer");
    Number(static_cast<int64_t>(e.outcome));
    Number(e.returned_rows);
    Number(e.blocking ? 1 : 0);
    Number(e.has_first_byte ? e.first_byte.time_since_epoch().count() : -1);
    Number(e.end.time_since_epoch().count());
  }
  void WentOpaque(OpaqueReason reason) override {
    CheckingSink::WentOpaque(reason);
    Require(session == SessionState::kClosed, "opaque, and a session");
    text += "opaque ";
    Number(static_cast<int64_t>(reason));
  }
  void SessionChanged(SessionState from, SessionState to) override {
    Require(from == session && from != to, "a session that jumps");
    session = to;
    text += "session ";
    Number(static_cast<int64_t>(to));
  }

  std::string text;
  SessionState session = SessionState::kClosed;

 private:
  void Number(int64_t n) { text += std::to_string(n) += ' '; }
  void Write(char what, const Exchange& e) {
    Require(e.summary.size() <= 255, "a summary that was not cut");
    Require(e.database.size() <= 63, "a database that was not cut");
    ((((text += what) += e.operation) += e.summary) += e.database) += ' ';
    Number(e.start.time_since_epoch().count());
    Number(e.pipeline_wait.count());
    text += '\n';
  }
};

// The longest run of bytes that the twin is shown in place of a skip.
constexpr uint64_t kMaxShown = 4096;

struct Connection {
  Recorder sink;
  std::unique_ptr<Observer> observer = postgres::MakeObserver(sink);
};

class Conversation {
 public:
  void Run(const uint8_t* data, size_t size) {
    while (size >= 3) {
      const uint8_t op = data[0] % 8;
      const uint64_t n = data[1] | data[2] << 8;
      const char type = static_cast<char>(data[1]);
      const size_t most = op < 2 ? n : op < 6 ? 0 : data[2];
      data += 3;
      size -= 3;
      const std::string_view bytes(reinterpret_cast<const char*>(data), std::min(most, size));
      data += bytes.size();
      size -= bytes.size();
      const Direction direction = op % 2 == 0 ? Direction::kRequest : Direction::kResponse;
      if (closed_[op % 2]) continue;
      if (op < 2) {
        Show(direction, bytes);
      } else if (op < 4) {
        Skip(direction, n);
      } else if (op < 6) {
        Close(direction, static_cast<CloseReason>(n % 8));
      } else {
        Show(direction, Message(type, bytes));
      }
      now_ += Duration(1);
    }
    if (!closed_[0]) Close(Direction::kRequest, CloseReason::kEnd);
    if (!closed_[1]) Close(Direction::kResponse, CloseReason::kEnd);
    for (const Connection* connection : {&whole_, &single_}) {
      connection->sink.CheckAllEnded();
      Require(connection->sink.session == SessionState::kClosed, "a session on a closed connection");
    }
  }

 private:
  // Type '\0' is a startup packet.
  static std::string Message(char type, std::string_view content) {
    std::string message;
    if (type != '\0') message += type;
    message +=
        {'\0', '\0', static_cast<char>((content.size() + 4) >> 8), static_cast<char>(content.size() + 4)};
    return message.append(content);
  }

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
