// What the server's messages do to a conversation.
#include <charconv>

#include "collector/protocols/postgres/conversation.h"

namespace sidelight::postgres {

void Conversation::ReadResponses(std::string_view bytes, TimePoint t) {
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

bool Conversation::ReadNegotiation(std::string_view& bytes, TimePoint t) {
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
void Conversation::ResponseBegan(char type, TimePoint t) {
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

void Conversation::ResponseEnded(TimePoint t) {
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

// Whether the front is a statement that an answer can be to; that begins here.
bool Conversation::AnswersStatement(TimePoint t) {
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

void Conversation::MarkFirstByte(TimePoint t) {
  if (answering_) return;
  answering_ = true;
  first_byte_ = t;
}

// Rows that went to the client, not those that the tag of an INSERT or of CREATE TABLE AS counts.
int64_t Conversation::RowsOf(std::string_view tag) const {
  if (copying_out_) {
    constexpr std::string_view kCopy = "COPY ";
    int64_t rows = -1;
    if (tag.starts_with(kCopy)) std::from_chars(tag.data() + kCopy.size(), tag.data() + tag.size(), rows);
    return rows;
  }
  const bool reads = described_ || rows_ > 0 || tag.starts_with("SELECT") || tag.starts_with("FETCH");
  return reads ? rows_ : -1;
}

void Conversation::CopyInBegan() {
  if (!copied_early_) {
    copying_in_ = true;
    queue_.DropSyncsBehindFront();
  }
  copied_early_ = false;
}

void Conversation::StatementEnded(int64_t rows, TimePoint t) {
  returned_rows_ = rows;
  End(Outcome::kAnswered, t);
  if (queue_.front().kind == Kind::kExecute) return queue_.Pop();
  if (queue_.NextOfFront()) {
    queue_.front().pipelined = true;
    Start(queue_.front(), queue_.front_summary(), queue_.front_query());
  }
}

void Conversation::Failed(TimePoint t) {
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

void Conversation::ParseFailed(TimePoint t) {
  if (!queue_.NextOfFront()) return;
  Start(queue_.front(), queue_.front_summary(), queue_.front_query());
  EndWithError(t);
}

void Conversation::DropUntilSync(TimePoint t) {
  while (!queue_.empty() && queue_.front().kind != Kind::kSync) {
    if (queue_.front().open) End(Outcome::kUnobserved, t);
    queue_.Pop();
  }
  if (queue_.empty()) {
    skipping_ = true;
    has_parsed_ = false;
  }
}

void Conversation::BecameReady(TimePoint t) {
  const char status = answer_.status();
  if (status != 'I' && status != 'T' && status != 'E') return GoOpaque(OpaqueReason::kNotProtocol, t);
  ready_ = true;
  block_ = status != 'I';
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

}  // namespace sidelight::postgres
