// Conversation: the observer of one connection. It has a framer and a reader for each direction, and between
// them the queue of what the server has still to answer. requests.cc is what the client's messages do to it,
// replies.cc the server's, exchanges.cc how exchanges and sessions begin and end, observer.cc the rest.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "collector/protocols/observer.h"
#include "collector/protocols/postgres/framer.h"
#include "collector/protocols/postgres/pending.h"
#include "collector/protocols/postgres/prepared.h"
#include "collector/protocols/postgres/request_reader.h"
#include "collector/protocols/postgres/response_reader.h"

namespace sidelight::postgres {

class Conversation final : public Observer {
 public:
  explicit Conversation(ExchangeSink& sink)
      : sink_(sink), wants_queries_(sink.WantsQueries()), reader_(wants_queries_) {
    request_.ExpectStartup();
  }

  void OnBytes(Direction direction, std::string_view bytes, TimePoint t) override;
  void OnSkipped(Direction direction, uint64_t n, TimePoint t) override;
  void OnClosed(Direction direction, CloseReason reason, TimePoint t) override;
  uint64_t Skippable(Direction direction) const override;

  bool AwaitingResponse() const override { return open_ > 0; }
  bool InTransaction() const override { return !done_ && !terminated_ && !after_close_ && in_transaction(); }

  bool InRequestHead() const override;

 private:
  using Kind = Pending::Kind;

  void Read(Direction direction, std::string_view bytes, TimePoint t);
  void ReadRequests(std::string_view bytes, TimePoint t);
  void ReadResponses(std::string_view bytes, TimePoint t);
  void RequestEnded(TimePoint t);
  void StartupEnded(TimePoint t);
  void Synced(TimePoint t);
  bool ReadNegotiation(std::string_view& bytes, TimePoint t);
  // Decides at its first byte whether a message can come now.
  void ResponseBegan(char type, TimePoint t);
  void ResponseEnded(TimePoint t);

  bool FrontIs(Kind kind) const { return !queue_.empty() && queue_.front().kind == kind; }

  // Whether the front is a statement that an answer can be to; that begins here.
  bool AnswersStatement(TimePoint t);
  void MarkFirstByte(TimePoint t);
  // Rows that went to the client, not those that the tag of an INSERT or of CREATE TABLE AS counts.
  int64_t RowsOf(std::string_view tag) const;
  void CopyInBegan();
  void StatementEnded(int64_t rows, TimePoint t);
  void Failed(TimePoint t);
  void ParseFailed(TimePoint t);
  void DropUntilSync(TimePoint t);
  void BecameReady(TimePoint t);
  void Push(Kind kind, std::string_view row, TimePoint t);
  Exchange& Describe(const Pending& pending, std::string_view summary, std::string_view query);
  void Start(Pending& pending, std::string_view summary, std::string_view query);
  void StartUnknown();
  // Ends the present statement of the front.
  void End(Outcome outcome, TimePoint t);
  void EndWithError(TimePoint t);
  void ForgetAnswer();
  void EndAll(Outcome outcome, TimePoint t);
  void RequestClosed(CloseReason reason, TimePoint t);
  void ResponseClosed(CloseReason reason, TimePoint t);
  void SetSession(SessionState state);
  void GoOpaque(OpaqueReason reason, TimePoint t);
  void Finish();

  // What was begun outside of a transaction's block is one up to its Sync.
  bool in_transaction() const { return block_ || unsynced_ || !queue_.empty(); }

  ExchangeSink& sink_;
  const bool wants_queries_;
  PendingQueue queue_;
  Framer request_;
  Framer response_;
  RequestReader reader_;
  ResponseReader answer_;
  Prepared prepared_;
  std::string database_;
  uint32_t open_ = 0;  // exchanges that were started and have not ended
  SessionState session_ = SessionState::kClosed;

  bool done_ = false;        // nothing more is to be read: opaque, a cancel request, or the client is gone
  bool connecting_ = false;  // the startup's exchange was started
  bool ready_ = false;       // ... and has succeeded
  bool request_closed_ = false;
  bool block_ = false;                  // the server has said that it is in a transaction
  bool terminated_ = false;             // the client has said that it goes
  std::optional<Outcome> after_close_;  // the response side is closed: what becomes of requests from then on

  uint8_t asked_ = 0;  // for encryption: 1 SSL, 2 GSS
  uint8_t negotiations_ = 0;
  std::array<char, 2> negotiating_{};  // the answers that would grant it, oldest first

  TimePoint readable_{};         // first byte of the request that is being read
  bool arrived_behind_ = false;  // ... which came while a response was due
  bool unsynced_ = false;        // messages of the extended protocol came since the last Sync
  bool skipping_ = false;        // the server discards everything up to the next Sync
  bool has_parsed_ = false;      // a Parse came, and neither an Execute nor a Sync since
  TimePoint parsed_at_{};        // ... its first byte
  std::string parsed_;           // ... and its statement

  // Of the answer to the front's present statement.
  bool answering_ = false;     // a byte of it came
  bool described_ = false;     // it has rows, if only none
  bool waits_ = false;         // a copy in both directions
  bool copying_in_ = false;    // the server waits for the client's rows
  bool copying_out_ = false;   //
  bool copied_early_ = false;  // the client has sent its rows before it was asked to
  int64_t rows_ = 0;
  int64_t returned_rows_ = -1;
  std::string_view error_;
  Exchange exchange_;  // the one that is told of
  TimePoint first_byte_{};
  TimePoint response_begin_{};  // of the message that is being read
  TimePoint last_end_{};        // of the exchange before
};

}  // namespace sidelight::postgres
