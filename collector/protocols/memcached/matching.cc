// Which request of a conversation an answer belongs to.
#include "collector/protocols/memcached/conversation.h"

namespace sidelight::memcached {
namespace {

// What memcached says of a value above its item size.
constexpr std::string_view kTooLarge = "SERVER_ERROR object too large";

}  // namespace

bool Conversation::Fits(const Reply& reply, const Pending& request) {
  switch (request.command) {
    case Command::kRetrieve:
    case Command::kTouchRetrieve:
      return reply.word == Word::kValue || reply.word == Word::kEnd;
    case Command::kStore:
    case Command::kCompareStore:
    case Command::kDelete:
    case Command::kTouch:
      return reply.word == Word::kStored;
    case Command::kArithmetic:
      return reply.word == Word::kNumber || reply.word == Word::kStored;
    case Command::kMetaGet:
      if (reply.word == Word::kMetaMiss) {
        return !request.quiet && (reply.opaque == 0 || reply.opaque == request.opaque);
      }
      return (reply.word == Word::kMetaOk || reply.word == Word::kMetaValue) &&
             reply.opaque == request.opaque;
    case Command::kMetaSet:
    case Command::kMetaDelete:
      return (reply.word == Word::kMetaNot || (reply.word == Word::kMetaOk && !request.quiet)) &&
             reply.opaque == request.opaque;
    case Command::kMetaArithmetic:
      return (reply.word == Word::kMetaNot ||
              ((reply.word == Word::kMetaOk || reply.word == Word::kMetaValue) && !request.quiet)) &&
             reply.opaque == request.opaque;
    case Command::kMetaNoop:
      return reply.word == Word::kMetaNoop;
    case Command::kMetaDebug:
      return reply.word == Word::kMetaDebug || reply.word == Word::kMetaMiss;
    case Command::kStats:
    case Command::kCrawler:
    case Command::kWatch:
    case Command::kQuit:
    case Command::kLine:
      return true;
  }
  return false;
}

// `keys_before` are those of the requests before it.
bool Conversation::LineFits(const Reply& reply, const Pending& request, size_t keys_before) const {
  if (!Fits(reply, request)) return false;
  // An answer that repeats the key tells quiet lookups apart.
  if (!request.quiet || request.kept_keys == 0 || reply.key.empty()) return true;
  return queue_.key_at(keys_before).hash == HashOf(reply.key);
}

// An error does not say whose it is. Quiet requests rarely have one, so it is taken for that of the first
// that is not quiet; but "too large" belongs to the largest value.
bool Conversation::MatchError() {
  if (visible_ == 0) return false;
  size_t found = 0;
  size_t largest = 0;
  for (; found + 1 < visible_ && queue_.at(found).quiet; ++found) {
    if (queue_.at(found + 1).request_bytes > queue_.at(largest).request_bytes) largest = found + 1;
  }
  if (queue_.at(found).quiet) found = 0;
  MatchAt(replies_.line().starts_with(kTooLarge) ? largest : found);
  return true;
}

// The request `found` is answered, and those before it have been, with silence.
void Conversation::MatchAt(size_t found) {
  for (size_t i = 0; i < found; ++i) EndSilently(first_byte_);
  matched_ = true;
  if (!queue_.front().started) Announce(queue_.front());
}

}  // namespace sidelight::memcached
