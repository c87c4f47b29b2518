// Conversation: the observer of one connection. It has a parser for each direction, and between them the
// queue of requests that wait for their answers. requests.cc is what the client's bytes do to it, replies.cc
// the server's, matching.cc whose an answer is, exchanges.cc how exchanges begin and end, observer.cc the
// rest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "collector/protocols/memcached/pending.h"
#include "collector/protocols/memcached/reply_parser.h"
#include "collector/protocols/memcached/request_parser.h"
#include "collector/protocols/memcached/text.h"
#include "collector/protocols/observer.h"

namespace sidelight::memcached {

class Conversation final : public Observer {
 public:
  explicit Conversation(ExchangeSink& sink) : sink_(sink), queue_(sink), requests_(queue_) {}

  void OnBytes(Direction direction, std::string_view bytes, TimePoint t) override;
  void OnSkipped(Direction direction, uint64_t n, TimePoint t) override;
  void OnClosed(Direction direction, CloseReason reason, TimePoint t) override;
  uint64_t Skippable(Direction direction) const override;

  bool AwaitingResponse() const override { return awaited_ > 0; }
  bool InRequestHead() const override { return !done_ && !request_closed_ && requests_.in_head(); }

 private:
  void Read(Direction direction, std::string_view bytes, TimePoint t);
  void ReadRequests(std::string_view bytes, TimePoint t);
  void ReadReplies(std::string_view bytes, TimePoint t);
  void StartExchange(TimePoint t);
  // A request that gets no answer is whole.
  void ReportSilent(TimePoint t);
  // Clients may send quiet requests without end and never one that is answered: the oldest is let go.
  bool GiveUpQuiet(TimePoint t);
  bool EndsLookup(std::string_view bytes) const;
  // False when nobody asked.
  bool BeginReply(TimePoint t);
  void ReadLine(const Reply& reply, TimePoint t);
  void BeginBlock(uint64_t length);
  void ReadPacket(TimePoint t);
  void BlockEnded(TimePoint t);
  // May `reply` begin, or go on with, the answer to `request`? Errors may answer everything, and are not
  // asked about.
  static bool Fits(const Reply& reply, const Pending& request);
  // `keys_before` are those of the requests before it.
  bool LineFits(const Reply& reply, const Pending& request, size_t keys_before) const;
  // Finds the request that the answer belongs to: the first that `fits`, if those before it are quiet. They
  // have been answered with silence.
  template <typename F>
  bool Match(const F& fits) {
    size_t found = 0;
    size_t keys = 0;
    for (; found < visible_; ++found) {
      const Pending& request = queue_.at(found);
      if (fits(request, keys)) break;
      if (!request.quiet) return false;
      keys += request.kept_keys;
    }
    if (found >= visible_) return false;
    MatchAt(found);
    return true;
  }

  // An error does not say whose it is. Quiet requests rarely have one, so it is taken for that of the first
  // that is not quiet; but "too large" belongs to the largest value.
  bool MatchError();
  // The request `found` is answered, and those before it have been, with silence.
  void MatchAt(size_t found);
  // One more VALUE of the front.
  bool CountHit(std::string_view key);
  // The front asked for one key.
  void CountOnlyHit();
  void RequestClosed(CloseReason reason, TimePoint t);
  void ResponseClosed(CloseReason reason, TimePoint t);
  // The same one each time: most of its fields are never set, and to clear them all costs more than to parse.
  Exchange& Describe(std::string_view operation, uint64_t request_bytes);
  Exchange& Describe(const Pending& request);
  void Announce(Pending& request);
  void EndFront(Outcome outcome, TimePoint t);
  // The front was answered with silence, which `t` has told.
  void EndSilently(TimePoint t);
  // Ends the front, with what is known of its keys.
  void Emit(Exchange& exchange);
  void Count(uint32_t keyspace, uint32_t hits, uint32_t misses);
  void EndAll(Outcome outcome, TimePoint t);
  void GoOpaque(OpaqueReason reason, TimePoint t);
  void Finish();

  ExchangeSink& sink_;
  PendingQueue queue_;
  RequestParser requests_;
  ReplyParser replies_;

  std::optional<Outcome> after_close_;  // the response side is closed: what becomes of requests from then on
  bool done_ = false;                   // nothing more is to be read: opaque, or the client is gone
  bool request_closed_ = false;
  bool arrived_behind_ = false;  // the request that is being read came while another waited
  bool quit_ = false;            // the client asked the server to close
  bool unasked_error_ = false;   // there may be an error for a request that wanted no answer
  bool gave_up_ = false;         // ... or for a quiet one that was let go

  bool begun_ = false;    // a byte of an answer came
  bool matched_ = false;  // ... which is the front's
  bool unasked_ = false;  // ... which is nobody's
  size_t awaited_ = 0;    // requests that were Started and have not Ended
  size_t visible_ = 0;    // how many requests there were when the answer began
  uint64_t response_bytes_ = 0;
  std::string_view error_;
  Exchange exchange_;                 // the one that is told of
  std::vector<CacheLookup> lookups_;  // its cache
  TimePoint readable_{};              // first byte of the request that is being read
  TimePoint first_byte_{};            // of the answer
  TimePoint reply_end_{};             // of the answer read last
};

}  // namespace sidelight::memcached
