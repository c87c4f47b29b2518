// ReplyReader: the server's side of a connection. Tells replies from messages, and ends with each reply the
// exchange of the command that it answers; EXEC's ends those that MULTI had queued.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "collector/protocols/redis/exchanges.h"
#include "collector/protocols/redis/lookup.h"
#include "collector/protocols/redis/pending.h"
#include "collector/protocols/redis/reply_parser.h"
#include "collector/protocols/redis/session.h"

namespace sidelight::redis {

class ReplyReader {
 public:
  ReplyReader(Session& session, Exchanges& exchanges)
      : session_(session), exchanges_(exchanges), queue_(exchanges.queue()) {}

  // Why the connection cannot be followed any more, or nothing.
  std::optional<OpaqueReason> Read(std::string_view bytes, TimePoint t);

  // How many of the coming bytes nobody wants; `n` of them went by. Call Read, with no bytes if there are
  // none, after that.
  uint64_t Skippable() const { return parser_.Skippable(); }
  void Skip(uint64_t n) { parser_.Skip(n); }
  // Forgets what MULTI queued, and the memory too.
  void Clear() { transaction_.Clear(); }

 private:
  using Fault = std::optional<OpaqueReason>;

  inline Fault Begin(TimePoint t);
  void ReadElement(TimePoint t);
  void EndQueued(TimePoint t);
  inline Fault End(TimePoint t);
  inline Fault EndAnswer(TimePoint t);
  void Confirm(TimePoint t);

  Session& session_;
  Exchanges& exchanges_;
  PendingQueue& queue_;       // of exchanges_
  PendingQueue transaction_;  // what MULTI queued, until EXEC's reply
  ReplyParser parser_;
  Lookup lookup_;
  // Of the reply that is being read:
  bool undecided_ = false;  // it may be a message
  bool greets_ = false;     // nothing was asked yet, and it is an error
  bool in_exec_ = false;    // it carries those of the transaction
  TimePoint begin_{};
  uint64_t element_end_ = 0;  // where the last element of EXEC's ended
};

}  // namespace sidelight::redis
