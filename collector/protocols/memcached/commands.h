// The commands of both of memcached's protocols, by what their answers look like, and the names under which
// we report them (protocol.txt and protocol-binary.txt of memcached's sources).
#pragma once

#include <cstdint>
#include <string_view>

namespace sidelight::memcached {

// Reported for every command that is not in our tables, so that a client cannot make names.
inline constexpr std::string_view kOtherCommand = "_OTHER";

enum class Command : uint8_t {
  kRetrieve,        // get, gets: VALUE blocks until END
  kTouchRetrieve,   // gat, gats: the same, with a time before the keys
  kStore,           // set, add, replace, append, prepend: a data block follows
  kCompareStore,    // cas: one argument more
  kDelete,          //
  kArithmetic,      // incr, decr
  kTouch,           //
  kMetaGet,         // mg
  kMetaSet,         // ms: a data block follows
  kMetaDelete,      // md
  kMetaArithmetic,  // ma
  kMetaNoop,        // mn
  kMetaDebug,       // me
  kStats,           // lines until END; in the binary protocol packets until an empty one
  kCrawler,         // lru_crawler: one line, or a dump of keys
  kWatch,           // turns the connection into a stream of log lines
  kQuit,            // closes the connection
  kLine,            // whatever else: one line, or one packet
};

struct CommandName {
  std::string_view name;
  Command command = Command::kLine;
};

// Of a text command; `token` is case-sensitive, as memcached's is.
const CommandName& TextCommand(std::string_view token);

struct Opcode {
  std::string_view name;
  Command command = Command::kLine;
  bool quiet = false;  // only an error, or the hit of a lookup, is answered
  uint8_t loud = 0;    // the opcode of the same command when it is not quiet
};

const Opcode& BinaryOpcode(uint8_t opcode);

// What a status of the binary protocol is called when it is an error. "" when it is none: success, and what
// the text protocol says without the word ERROR (not found, exists, not stored, authentication goes on).
std::string_view BinaryError(uint16_t status);

// Does the answer tell which keys were there?
constexpr bool IsLookup(Command command) {
  return command == Command::kRetrieve || command == Command::kTouchRetrieve || command == Command::kMetaGet;
}

}  // namespace sidelight::memcached
