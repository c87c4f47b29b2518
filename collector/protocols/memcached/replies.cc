// What the server's bytes do to a conversation.
#include "collector/protocols/memcached/conversation.h"

namespace sidelight::memcached {
namespace {

constexpr std::string_view kEndLine = "END\r\n";

// Is the line of a dump its last?
bool EndsDump(const Reply& reply, std::string_view line, Command command) {
  if (command == Command::kStats)
    return reply.word == Word::kEnd || reply.word == Word::kMetaOk || line == "RESET";
  return !line.starts_with("key=") && !line.starts_with("mg ");
}

}  // namespace

void Conversation::ReadReplies(std::string_view bytes, TimePoint t) {
  while (!done_) {
    if (!begun_ && replies_.idle() && !bytes.empty() && !BeginReply(t)) return;
    if (EndsLookup(bytes)) {
      bytes.remove_prefix(kEndLine.size());
      matched_ = true;
      EndFront(Outcome::kAnswered, t);
      continue;
    }
    switch (replies_.Next(bytes, requests_.binary())) {
      case ReplyParser::Event::kMore:
        return;
      case ReplyParser::Event::kLine:
        ReadLine(ReadReplyLine(replies_.line()), t);
        break;
      case ReplyParser::Event::kPacket:
        ReadPacket(t);
        break;
      case ReplyParser::Event::kBlock:
        BlockEnded(t);
        break;
      case ReplyParser::Event::kInvalid:
        return GoOpaque(OpaqueReason::kNotProtocol, t);
      case ReplyParser::Event::kTooLong:
        return GoOpaque(OpaqueReason::kLimit, t);
    }
  }
}

// Nearly every answer of a cache ends so; to tell it without cutting its line and matching it saves a sixth.
bool Conversation::EndsLookup(std::string_view bytes) const {
  if (!begun_ || unasked_ || visible_ == 0 || !replies_.idle() || requests_.binary() ||
      !bytes.starts_with(kEndLine))
    return false;
  const Command command = queue_.front().command;
  return command == Command::kRetrieve || command == Command::kTouchRetrieve;
}

// False when nobody asked.
bool Conversation::BeginReply(TimePoint t) {
  unasked_ = queue_.empty();
  if (unasked_ && !unasked_error_ && !gave_up_) {
    GoOpaque(OpaqueReason::kDesynchronized, t);
    return false;
  }
  begun_ = true;
  first_byte_ = t;
  visible_ = queue_.size();
  return true;
}

void Conversation::ReadLine(const Reply& reply, TimePoint t) {
  const bool error = IsError(reply.word);
  if (unasked_) {
    if (!error || !unasked_error_) return GoOpaque(OpaqueReason::kDesynchronized, t);
    begun_ = false;
    return;
  }
  const auto fits = [&](const Pending& request, size_t keys) { return LineFits(reply, request, keys); };
  if (matched_ ? !error && !Fits(reply, queue_.front()) : !(error ? MatchError() : Match(fits))) {
    const bool unknown = reply.word == Word::kOther;
    return GoOpaque(unknown ? OpaqueReason::kNotProtocol : OpaqueReason::kDesynchronized, t);
  }
  if (!reply.valid) return GoOpaque(OpaqueReason::kNotProtocol, t);
  if (error) {
    error_ = ErrorName(reply.word);
    return EndFront(Outcome::kAnswered, t);
  }
  const Pending& front = queue_.front();
  if (reply.word == Word::kValue && IsLookup(front.command)) {
    if (!CountHit(reply.key)) return GoOpaque(OpaqueReason::kDesynchronized, t);
    return BeginBlock(reply.length);
  }
  switch (front.command) {
    case Command::kMetaGet:
      if (reply.word != Word::kMetaMiss) CountOnlyHit();
      [[fallthrough]];
    case Command::kMetaArithmetic:
      if (reply.word == Word::kMetaValue) return BeginBlock(reply.length);
      return EndFront(Outcome::kAnswered, t);
    case Command::kStats:
    case Command::kCrawler:
      if (EndsDump(reply, replies_.line(), front.command)) EndFront(Outcome::kAnswered, t);
      return;
    case Command::kWatch:
      EndFront(Outcome::kAnswered, t);
      return GoOpaque(OpaqueReason::kUpgraded, t);
    default:
      return EndFront(Outcome::kAnswered, t);
  }
}

void Conversation::BeginBlock(uint64_t length) {
  response_bytes_ += length;
  replies_.BeginBlock(length);
}

void Conversation::ReadPacket(TimePoint t) {
  const Header& header = replies_.header();
  const uint8_t opcode = BinaryOpcode(header.opcode).loud;
  const auto fits = [&](const Pending& request, size_t) {
    return request.opcode == opcode && request.opaque == header.opaque;
  };
  if (matched_ ? !fits(queue_.front(), 0) : !Match(fits)) {
    // It may be the error of a quiet one that was let go.
    if (!gave_up_ || matched_ || !BinaryOpcode(header.opcode).quiet)
      return GoOpaque(OpaqueReason::kDesynchronized, t);
    unasked_ = true;
  }
  if (header.status == 0) response_bytes_ += header.value_bytes();
}

void Conversation::BlockEnded(TimePoint t) {
  if (unasked_) {
    begun_ = unasked_ = false;
    response_bytes_ = 0;
    return;
  }
  const Pending& front = queue_.front();
  if (requests_.binary()) {
    const Header& header = replies_.header();
    if (front.command == Command::kStats && header.status == 0 && header.key_bytes > 0) return;
    if (IsLookup(front.command) && header.status == 0) CountOnlyHit();
    error_ = BinaryError(header.status);
  } else if (front.command == Command::kRetrieve || front.command == Command::kTouchRetrieve) {
    return;
  }
  EndFront(Outcome::kAnswered, t);
}

// One more VALUE of the front.
bool Conversation::CountHit(std::string_view key) {
  Pending& front = queue_.front();
  const std::span<Key> keys = queue_.front_keys();
  const uint64_t hash = HashOf(key);
  size_t at = front.next_key;
  for (size_t i = 0; i < keys.size(); ++i, ++at) {
    if (at >= keys.size()) at = 0;
    if (keys[at].hit || keys[at].hash != hash) continue;
    keys[at].hit = true;
    front.next_key = static_cast<uint32_t>(at + 1);
    return true;
  }
  if (front.other_hits == front.other_keys) return false;
  ++front.other_hits;
  return true;
}

// The front asked for one key.
void Conversation::CountOnlyHit() {
  Pending& front = queue_.front();
  if (front.kept_keys > 0) {
    queue_.front_keys()[0].hit = true;
  } else {
    front.other_hits = front.other_keys;
  }
}

}  // namespace sidelight::memcached
