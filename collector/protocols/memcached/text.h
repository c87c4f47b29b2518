// The lines of memcached's text protocol (protocol.txt of its sources): what a command line asks for, and
// what the first line of an answer says. Pure functions over one whole line, without its end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "collector/protocols/memcached/commands.h"
#include "collector/protocols/memcached/pending.h"

namespace sidelight::memcached {

// A request of either protocol, as far as its head tells.
struct Request {
  std::string_view operation = kOtherCommand;
  Command command = Command::kLine;
  uint8_t opcode = 0;        // binary only, without quietness
  bool quiet = false;        // silence is an answer
  bool silent = false;       // no answer will come: noreply, quit
  uint32_t opaque = 0;       // as in Pending
  uint64_t value_bytes = 0;  // of the value that it carries
  uint64_t body_bytes = 0;   // how many bytes follow the head: the value and what frames it
};

// Of the longest value that memcached reads; a longer or negative one is an error, and no value follows.
inline constexpr uint64_t kMaxValue = 0x7fffffff - 2;

// Into `request`, whatever it was before. The keys of lookups are added to `keys`. A line that memcached
// answers with an error and no more has no body.
void ReadRequestLine(std::string_view line, PendingQueue& keys, Request& request);

// Decimal digits only; nothing when there are none or the number is above `most`.
inline std::optional<uint64_t> ReadNumber(std::string_view text, uint64_t most) {
  // Only digits behind these may make the number too large.
  constexpr size_t kSafe = 19;
  if (text.empty()) return std::nullopt;
  uint64_t number = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto digit = static_cast<uint64_t>(static_cast<unsigned char>(text[i])) - '0';
    if (digit > 9 || (i >= kSafe && number > (UINT64_MAX - digit) / 10)) return std::nullopt;
    number = 10 * number + digit;
  }
  if (number > most) return std::nullopt;
  return number;
}

enum class Word : uint8_t {
  kValue,
  kEnd,
  kStored,  // STORED, NOT_STORED, EXISTS, NOT_FOUND, DELETED, TOUCHED
  kNumber,
  kError,
  kClientError,
  kServerError,
  kMetaOk,     // HD; OK as well, as memcached before 1.6.6 said
  kMetaValue,  // VA
  kMetaMiss,   // EN
  kMetaNot,    // NF, NS, EX
  kMetaNoop,   // MN
  kMetaDebug,  // ME
  kOther,
};

struct Reply {
  Word word = Word::kOther;
  bool valid = true;     // false: a VALUE or VA without a length
  uint64_t length = 0;   // of the value that follows: VALUE, VA
  std::string_view key;  // VALUE; meta: with a k flag
  uint32_t opaque = 0;   // meta: as in Pending
};

Reply ReadReplyLine(std::string_view line);

constexpr bool IsError(Word word) {
  return word == Word::kError || word == Word::kClientError || word == Word::kServerError;
}

// What is reported for it.
constexpr std::string_view ErrorName(Word word) {
  switch (word) {
    case Word::kError:
      return "ERROR";
    case Word::kClientError:
      return "CLIENT_ERROR";
    case Word::kServerError:
      return "SERVER_ERROR";
    default:
      return "";
  }
}

}  // namespace sidelight::memcached
