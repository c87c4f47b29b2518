// RequestReader: the client's side of a connection. Starts an exchange for each command and notes of its
// arguments what the reply must be read with.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "collector/protocols/redis/exchanges.h"
#include "collector/protocols/redis/request_parser.h"
#include "collector/protocols/redis/session.h"

namespace sidelight::redis {

class RequestReader {
 public:
  RequestReader(Session& session, Exchanges& exchanges) : session_(session), exchanges_(exchanges) {}

  // Why the connection cannot be followed any more, or nothing.
  std::optional<OpaqueReason> Read(std::string_view bytes, TimePoint t);

  // How many of the coming bytes nobody wants; `n` of them went by. Call Read, with no bytes if there are
  // none, after that.
  uint64_t Skippable() const { return deferred_ ? 0 : parser_.Skippable(); }
  void Skip(uint64_t n) { parser_.Skip(n); }
  bool in_head() const { return parser_.in_head() || deferred_; }

 private:
  enum class Replies : uint8_t { kOn, kOff, kSkipNext };  // as CLIENT REPLY set it
  using Fault = std::optional<OpaqueReason>;

  inline Fault ReadAll(std::string_view bytes, TimePoint t);
  inline Fault ReadName(TimePoint t);
  inline void WantArguments(const Command& command);
  inline Fault Start(const Command& command, bool answered, TimePoint t);
  inline void ReadArgument();
  inline void AddKey();
  void ReadClientArgument(std::string_view argument);
  inline Fault EndCommand(TimePoint t);
  Fault StartClient(TimePoint t);

  Session& session_;
  Exchanges& exchanges_;
  RequestParser parser_;
  Arrival arrival_;                    // of the command that is being read
  std::optional<Pending> unanswered_;  // it, when no reply will come
  const Command* command_ = nullptr;
  Kind kind_ = Kind::kPlain;  // what is special about it
  bool deferred_ = false;     // it is CLIENT: where it belongs is known when it is whole
  bool says_reply_ = false;   // ... CLIENT REPLY
  std::optional<Replies> set_replies_;
  Replies replies_ = Replies::kOn;  // for the commands that are being read
  bool multi_asked_ = false;        // the command that is being read will be queued
};

}  // namespace sidelight::redis
