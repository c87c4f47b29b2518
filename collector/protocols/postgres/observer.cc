#include "collector/protocols/postgres/observer.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <optional>
#include <string>

#include "collector/protocols/close_outcome.h"
#include "collector/protocols/postgres/framer.h"
#include "collector/protocols/postgres/pending.h"
#include "collector/protocols/postgres/prepared.h"
#include "collector/protocols/postgres/request_reader.h"
#include "collector/protocols/postgres/response_reader.h"

namespace sidelight::postgres {
namespace {

using Kind = Pending::Kind;

std::string RowOf(Keyword operation) {
  std::string row;
  AppendStatement({operation, OperationName(operation)}, row);
  return row;
}

const std::string& ConnectRow() {
  static const std::string row = RowOf(Keyword::kConnect);
  return row;
}

const std::string& CallRow() {
  static const std::string row = RowOf(Keyword::kCall);
  return row;
}

class PostgresObserver final : public Observer {
 public:
  explicit PostgresObserver(ExchangeSink& sink) : sink_(sink) { request_.ExpectStartup(); }

  void OnBytes(Direction direction, std::string_view bytes, TimePoint t) override {
    if (!bytes.empty()) Read(direction, bytes, t);
  }

  void OnSkipped(Direction direction, uint64_t n, TimePoint t) override {
    if (done_ || n == 0) return;
    Framer& framer = direction == Direction::kRequest ? request_ : response_;
    assert(n <= framer.Skippable());
    framer.Skip(n);
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
    if (direction == Direction::kResponse) return response_.Skippable();
    return InRequestHead() ? 0 : request_.Skippable();
  }

  bool AwaitingResponse() const override { return open_ > 0; }

  bool InRequestHead() const override {
    if (done_ || request_closed_ || request_.between()) return false;
    return request_.type() == '\0' || request_.type() == 'Q' || request_.type() == 'E';
  }

 private:
  void Read(Direction direction, std::string_view bytes, TimePoint t) {
    if (direction == Direction::kRequest) {
      ReadRequests(bytes, t);
    } else {
      ReadResponses(bytes, t);
    }
  }

  void ReadRequests(std::string_view bytes, TimePoint t) {
    while (!done_) {
      switch (request_.Next(bytes)) {
        case Framer::Event::kMore:
          return;
        case Framer::Event::kType:
          readable_ = t;
          arrived_behind_ = open_ > 0;
          if (terminated_ || (request_.type() == 'p' && ready_) || !reader_.Begin(request_.type()))
            return GoOpaque(OpaqueReason::kNotProtocol, t);
          break;
        case Framer::Event::kLength:
          if (!reader_.CheckLength(request_.left())) return GoOpaque(OpaqueReason::kNotProtocol, t);
          if (reader_.wants()) request_.Want();
          break;
        case Framer::Event::kContent:
          reader_.Read(request_.piece());
          if (!reader_.wants()) request_.Ignore();
          break;
        case Framer::Event::kEnd:
          if (!reader_.Finish()) return GoOpaque(OpaqueReason::kNotProtocol, t);
          RequestEnded(t);
          reader_.Release();
          break;
        case Framer::Event::kInvalid:
          return GoOpaque(OpaqueReason::kNotProtocol, t);
      }
    }
  }

  void ReadResponses(std::string_view bytes, TimePoint t) {
    while (!done_) {
      if (negotiations_ > 0 && response_.between()) {
        if (bytes.empty()) return;
        if (!ReadNegotiation(bytes, t)) return;
        continue;
      }
      switch (response_.Next(bytes)) {
        case Framer::Event::kMore:
          return;
        case Framer::Event::kType:
          response_begin_ = t;
          ResponseBegan(response_.type(), t);
          break;
        case Framer::Event::kLength:
          if (!answer_.CheckLength(response_.left())) return GoOpaque(OpaqueReason::kNotProtocol, t);
          if (answer_.wants()) response_.Want();
          break;
        case Framer::Event::kContent:
          answer_.Read(response_.piece());
          break;
        case Framer::Event::kEnd:
          ResponseEnded(t);
          break;
        case Framer::Event::kInvalid:
          return GoOpaque(OpaqueReason::kNotProtocol, t);
      }
    }
  }

  void RequestEnded(TimePoint t) {
    switch (request_.type()) {
      case '\0':
        return StartupEnded(t);
      case 'Q':
        if (!skipping_) Push(Kind::kQuery, reader_.row(), t);
        return;
      case 'P':
        unsynced_ = true;
        has_parsed_ = true;
        parsed_at_ = readable_;
        parsed_.assign(reader_.row());
        return prepared_.Parse(reader_.name(), reader_.row());
      case 'B':
        unsynced_ = true;
        return prepared_.Bind(reader_.name(), reader_.second_name());
      case 'E':
        unsynced_ = true;
        has_parsed_ = false;
        if (!skipping_) Push(Kind::kExecute, prepared_.Execute(reader_.name()), t);
        return;
      case 'C':
        unsynced_ = true;
        if (reader_.closes_portal()) return prepared_.ClosePortal(reader_.name());
        return prepared_.CloseStatement(reader_.name());
      case 'D':
      case 'H':
        unsynced_ = true;
        return;
      case 'S':
        return Synced(t);
      case 'F':
        if (!skipping_) Push(Kind::kFunction, CallRow(), t);
        return;
      case 'c':
      case 'f':
        // Without waiting to be told that the server is ready for a copy.
        if (!copying_in_ && open_ > 0) copied_early_ = true;
        copying_in_ = false;
        return;
      case 'X':
        terminated_ = true;
        return;
      default:
        return;
    }
  }

  void StartupEnded(TimePoint t) {
    const RequestReader::Startup startup = reader_.startup();
    if (startup == RequestReader::Startup::kCancel) {
      EndAll(Outcome::kUnobserved, t);
      return Finish();
    }
    if (startup == RequestReader::Startup::kSession) {
      database_ = reader_.TakeDatabase();
    } else {
      // Each may be asked for once.
      const uint8_t asked = startup == RequestReader::Startup::kSsl ? 1 : 2;
      if ((asked_ & asked) != 0) return GoOpaque(OpaqueReason::kNotProtocol, t);
      asked_ |= asked;
      negotiating_[negotiations_++] = startup == RequestReader::Startup::kSsl ? 'S' : 'G';
      request_.ExpectStartup();
    }
    if (connecting_) return;
    connecting_ = true;
    Push(Kind::kStartup, ConnectRow(), t);
  }

  void Synced(TimePoint t) {
    unsynced_ = false;
    skipping_ = false;
    // The server ignores it while it waits for the rows of a COPY.
    if (copying_in_) return;
    if (!has_parsed_) return Push(Kind::kSync, {}, t);
    has_parsed_ = false;
    readable_ = parsed_at_;
    Push(Kind::kSync, parsed_, t);
  }

  bool ReadNegotiation(std::string_view& bytes, TimePoint t) {
    const char answer = bytes.front();
    const char wanted = negotiating_[0];
    if (answer == 'E') {
      // A server that does not know the request says so as it says everything else.
      negotiations_ = 0;
      return true;
    }
    MarkFirstByte(t);
    if (answer == 'N') {
      bytes.remove_prefix(1);
      negotiating_[0] = negotiating_[1];
      --negotiations_;
      return true;
    }
    GoOpaque(answer == wanted ? OpaqueReason::kUpgraded : OpaqueReason::kNotProtocol, t);
    return false;
  }

  // Decides at its first byte whether a message can come now.
  void ResponseBegan(char type, TimePoint t) {
    if (!answer_.Begin(type)) return GoOpaque(OpaqueReason::kNotProtocol, t);
    if (!ready_ && queue_.empty() && !(type == 'E' && connecting_))
      return GoOpaque(OpaqueReason::kDesynchronized, t);
    bool due = true;
    switch (type) {
      case 'A':
      case 'N':
      case 'S':
      case 'E':
        return;
      case 'R':
      case 'K':
      case 'v':
        due = FrontIs(Kind::kStartup);
        if (due) MarkFirstByte(t);
        break;
      case '1':
        if (queue_.empty()) has_parsed_ = false;
        [[fallthrough]];
      case '2':
      case '3':
      case 'n':
      case 't':
        due = unsynced_ || !queue_.empty();
        break;
      case 'T':
        due = unsynced_ || !queue_.empty();
        if (!FrontIs(Kind::kQuery)) break;
        due = AnswersStatement(t);
        described_ = true;
        break;
      case 'D':
        due = AnswersStatement(t);
        ++rows_;
        break;
      case 'C':
      case 'I':
      case 'G':
      case 'H':
      case 'W':
        due = AnswersStatement(t);
        break;
      case 'd':
      case 'c':
        due = open_ > 0 && AnswersStatement(t);
        break;
      case 's':
        due = FrontIs(Kind::kExecute);
        if (due) MarkFirstByte(t);
        break;
      case 'V':
        due = FrontIs(Kind::kFunction) && queue_.front().open;
        if (due) MarkFirstByte(t);
        break;
      case 'Z':
        due = !queue_.empty() && !FrontIs(Kind::kExecute);
        if (FrontIs(Kind::kStartup)) MarkFirstByte(t);
        break;
      default:
        break;
    }
    if (!due) GoOpaque(OpaqueReason::kDesynchronized, t);
  }

  void ResponseEnded(TimePoint t) {
    switch (response_.type()) {
      case 'C':
        if (answer_.ForgetsStatements()) prepared_.ForgetStatements();
        return StatementEnded(RowsOf(answer_.tag()), t);
      case 'I':
        return StatementEnded(-1, t);
      case 's':
        return StatementEnded(rows_, t);
      case 'V':
        return End(Outcome::kAnswered, t);
      case 'G':
        return CopyInBegan();
      case 'W':
        waits_ = true;
        return CopyInBegan();
      case 'H':
        copying_out_ = true;
        return;
      case 'E':
        return Failed(t);
      case 'Z':
        return BecameReady(t);
      default:
        return;
    }
  }

  bool FrontIs(Kind kind) const { return !queue_.empty() && queue_.front().kind == kind; }

  // Whether the front is a statement that an answer can be to; that begins here.
  bool AnswersStatement(TimePoint t) {
    if (FrontIs(Kind::kQuery)) {
      if (queue_.front().failed) return false;
      // The string had more statements than we read.
      if (!queue_.front().open) StartUnknown();
    } else if (!FrontIs(Kind::kExecute)) {
      return false;
    }
    MarkFirstByte(t);
    return true;
  }

  void MarkFirstByte(TimePoint t) {
    if (answering_) return;
    answering_ = true;
    first_byte_ = t;
  }

  // Rows that went to the client, not those that the tag of an INSERT or of CREATE TABLE AS counts.
  int64_t RowsOf(std::string_view tag) const {
    if (copying_out_) {
      constexpr std::string_view kCopy = "COPY ";
      int64_t rows = -1;
      if (tag.starts_with(kCopy)) std::from_chars(tag.data() + kCopy.size(), tag.data() + tag.size(), rows);
      return rows;
    }
    const bool reads = described_ || rows_ > 0 || tag.starts_with("SELECT") || tag.starts_with("FETCH");
    return reads ? rows_ : -1;
  }

  void CopyInBegan() {
    if (!copied_early_) {
      copying_in_ = true;
      queue_.DropSyncsBehindFront();
    }
    copied_early_ = false;
  }

  void StatementEnded(int64_t rows, TimePoint t) {
    returned_rows_ = rows;
    End(Outcome::kAnswered, t);
    if (queue_.front().kind == Kind::kExecute) return queue_.Pop();
    if (queue_.NextOfFront()) {
      queue_.front().pipelined = true;
      Start(queue_.front(), queue_.front_summary());
    }
  }

  void Failed(TimePoint t) {
    if (queue_.empty()) {
      if (!unsynced_) return;
      if (has_parsed_) {
        readable_ = parsed_at_;
        Push(Kind::kSync, parsed_, t);
        ParseFailed(t);
        queue_.Pop();
        has_parsed_ = false;
      }
      skipping_ = true;
      return;
    }
    Pending& front = queue_.front();
    switch (front.kind) {
      case Kind::kStartup:
        EndWithError(t);
        return queue_.Pop();
      case Kind::kQuery:
        if (front.failed) return;
        if (!front.open) StartUnknown();
        EndWithError(t);
        // What stands behind in the string is not executed.
        front.next_at = front.row_length;
        front.failed = true;
        return;
      case Kind::kFunction:
        if (front.open) EndWithError(t);
        return;
      case Kind::kSync:
        return ParseFailed(t);
      case Kind::kExecute:
        EndWithError(t);
        return DropUntilSync(t);
    }
  }

  void ParseFailed(TimePoint t) {
    if (!queue_.NextOfFront()) return;
    Start(queue_.front(), queue_.front_summary());
    EndWithError(t);
  }

  void DropUntilSync(TimePoint t) {
    while (!queue_.empty() && queue_.front().kind != Kind::kSync) {
      if (queue_.front().open) End(Outcome::kUnobserved, t);
      queue_.Pop();
    }
    if (queue_.empty()) {
      skipping_ = true;
      has_parsed_ = false;
    }
  }

  void BecameReady(TimePoint t) {
    const char status = answer_.status();
    if (status != 'I' && status != 'T' && status != 'E') return GoOpaque(OpaqueReason::kNotProtocol, t);
    ready_ = true;
    if (queue_.front().open) {
      End(queue_.front().kind == Kind::kStartup ? Outcome::kAnswered : Outcome::kUnobserved, t);
    }
    queue_.Pop();
    if (open_ > 0) {
      SetSession(SessionState::kActive);
    } else {
      SetSession(status == 'I' ? SessionState::kIdle : SessionState::kInTransaction);
    }
    if (status == 'I' && queue_.empty() && !unsynced_) prepared_.ForgetPortals();
  }

  void Push(Kind kind, std::string_view row, TimePoint t) {
    if (queue_.full()) return GoOpaque(OpaqueReason::kLimit, t);
    Pending pending;
    pending.kind = kind;
    pending.readable = readable_;
    pending.pipelined = arrived_behind_;
    queue_.Push(pending, row);
    if (kind != Kind::kSync) {
      queue_.NextOfBack();
      Start(queue_.back(), queue_.back_summary());
    }
    if (after_close_) EndAll(*after_close_, t);
  }

  Exchange Describe(const Pending& pending, std::string_view summary) const {
    Exchange exchange;
    exchange.operation = OperationName(pending.operation);
    exchange.summary = summary;
    exchange.database = database_;
    exchange.start = pending.readable;
    exchange.pipelined = pending.pipelined;
    return exchange;
  }

  void Start(Pending& pending, std::string_view summary) {
    pending.open = true;
    ++open_;
    if (ready_) SetSession(SessionState::kActive);
    sink_.Started(Describe(pending, summary));
  }

  void StartUnknown() {
    Pending& front = queue_.front();
    front.operation = Keyword::kNone;
    front.summary_length = 0;
    front.pipelined = true;
    Start(front, {});
  }

  // Ends the present statement of the front.
  void End(Outcome outcome, TimePoint t) {
    Pending& front = queue_.front();
    Exchange exchange = Describe(front, queue_.front_summary());
    // Its own clock starts when the one before has ended.
    exchange.start = std::max(front.readable, last_end_);
    if (front.pipelined) exchange.pipeline_wait = exchange.start - front.readable;
    exchange.outcome = outcome;
    exchange.error = error_;
    exchange.returned_rows = returned_rows_;
    exchange.blocking = waits_;
    exchange.end = t;
    if (answering_) {
      exchange.first_byte = std::max(first_byte_, exchange.start);
      exchange.has_first_byte = true;
    }
    front.open = false;
    --open_;
    last_end_ = t;
    ForgetAnswer();
    sink_.Ended(exchange);
  }

  void EndWithError(TimePoint t) {
    MarkFirstByte(response_begin_);
    error_ = answer_.sqlstate();
    End(Outcome::kAnswered, t);
    error_ = {};
  }

  void ForgetAnswer() {
    answering_ = described_ = waits_ = copying_in_ = copying_out_ = copied_early_ = false;
    rows_ = 0;
    returned_rows_ = -1;
  }

  void EndAll(Outcome outcome, TimePoint t) {
    while (!queue_.empty()) {
      if (queue_.front().open) End(outcome, t);
      queue_.Pop();
    }
  }

  void RequestClosed(CloseReason reason, TimePoint t) {
    request_closed_ = true;
    // Half a connection: the answer may still come.
    if (done_ || reason == CloseReason::kEnd) return;
    EndAll(reason == CloseReason::kReset ? Outcome::kClientGone : OutcomeOf(reason), t);
    Finish();
  }

  void ResponseClosed(CloseReason reason, TimePoint t) {
    if (done_ || after_close_) return;
    const bool by_upstream = reason == CloseReason::kEnd || reason == CloseReason::kReset;
    Outcome outcome = OutcomeOf(reason);
    if (by_upstream && (request_closed_ || terminated_)) outcome = Outcome::kClientGone;
    after_close_ = outcome;
    if (answering_ && outcome == Outcome::kUpstreamClosed) End(Outcome::kResponseIncomplete, t);
    EndAll(outcome, t);
    ready_ = false;
    SetSession(SessionState::kClosed);
  }

  void SetSession(SessionState state) {
    if (state == session_) return;
    const SessionState from = session_;
    session_ = state;
    sink_.SessionChanged(from, state);
  }

  void GoOpaque(OpaqueReason reason, TimePoint t) {
    EndAll(Outcome::kUnobserved, t);
    Finish();
    sink_.WentOpaque(reason);
  }

  void Finish() {
    done_ = true;
    queue_.Clear();
    reader_ = RequestReader();
    prepared_ = Prepared();
    SetSession(SessionState::kClosed);
  }

  ExchangeSink& sink_;
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
  TimePoint first_byte_{};
  TimePoint response_begin_{};  // of the message that is being read
  TimePoint last_end_{};        // of the exchange before
};

// Each connection has one.
static_assert(sizeof(PostgresObserver) <= 768);

}  // namespace

std::unique_ptr<Observer> MakeObserver(ExchangeSink& sink) {
  return std::make_unique<PostgresObserver>(sink);
}

}  // namespace sidelight::postgres
