// What the client's messages do to a conversation.
#include "collector/protocols/postgres/conversation.h"

namespace sidelight::postgres {

namespace {

std::string RowOf(const Statement& statement) {
  std::string row;
  AppendStatement(statement, row);
  return row;
}

// No query, and so without a summary.
const std::string& ConnectRow() {
  static const std::string row = RowOf({Keyword::kConnect});
  return row;
}

const std::string& CallRow() {
  static const std::string row = RowOf({Keyword::kCall, OperationName(Keyword::kCall)});
  return row;
}

}  // namespace

void Conversation::ReadRequests(std::string_view bytes, TimePoint t) {
  while (!done_) {
    switch (request_.Next(bytes)) {
      case Framer::Event::kMore:
        return;
      case Framer::Event::kType:
        readable_ = t;
        arrived_behind_ = open_ > 0;
        // A process and its child may both say goodbye on the connection that they share: pg_basebackup does.
        if ((terminated_ && request_.type() != 'X') || (request_.type() == 'p' && ready_) ||
            !reader_.Begin(request_.type()))
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

void Conversation::RequestEnded(TimePoint t) {
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

void Conversation::StartupEnded(TimePoint t) {
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

void Conversation::Synced(TimePoint t) {
  unsynced_ = false;
  skipping_ = false;
  // The server ignores it while it waits for the rows of a COPY.
  if (copying_in_) return;
  if (!has_parsed_) return Push(Kind::kSync, {}, t);
  has_parsed_ = false;
  readable_ = parsed_at_;
  Push(Kind::kSync, parsed_, t);
}

}  // namespace sidelight::postgres
