#include "collector/protocols/memcached/text.h"

#include <algorithm>
#include <array>

#include "collector/protocols/memcached/line.h"
#include "collector/protocols/memcached/packed.h"

namespace sidelight::memcached {
namespace {

constexpr std::string_view kNoReply = "noreply";
constexpr size_t kMaxKey = 250;
constexpr size_t kLineEnd = 2;

// Not zero, which is "none".
uint32_t OpaqueOf(std::string_view token) {
  return static_cast<uint32_t>(HashOf(token)) | 1;
}

bool IsInteger(std::string_view text) {
  if (!text.empty() && text[0] == '-') text.remove_prefix(1);
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

void AddBody(Request& request, uint64_t length) {
  request.value_bytes = length;
  request.body_bytes = length + kLineEnd;
}

// set <key> <flags> <exptime> <bytes> [noreply], with the unique number of cas behind the bytes.
void ReadStore(Words words, Request& request) {
  const bool compares = request.command == Command::kCompareStore;
  const std::string_view key = words.Next();
  const std::string_view flags = words.Next();
  const std::string_view expiry = words.Next();
  const std::string_view length = words.Next();
  const std::string_view unique = compares ? words.Next() : std::string_view();
  const std::string_view last = words.Next();
  // A wrong number of words is an ERROR; anything that is no number a CLIENT_ERROR, unless noreply.
  if (length.empty() || (compares && unique.empty()) || !words.Next().empty()) return;
  request.silent = last == kNoReply;
  const std::optional<uint64_t> bytes = ReadNumber(length, kMaxValue);
  if (key.size() > kMaxKey || !ReadNumber(flags, UINT32_MAX) || !IsInteger(expiry) ||
      (compares && !ReadNumber(unique, UINT64_MAX)) || !bytes) {
    return;
  }
  AddBody(request, *bytes);
}

// The words that these commands need before a noreply counts.
size_t ArgumentsOf(const Request& request) {
  switch (request.command) {
    case Command::kArithmetic:
    case Command::kTouch:
      return 2;
    case Command::kDelete:
      return 1;
    default:
      return request.operation == "verbosity" || request.operation == "cache_memlimit" ? 1 : 0;
  }
}

void ReadNoReply(Words words, Request& request) {
  const size_t needed = ArgumentsOf(request);
  std::string_view last;
  size_t count = 0;
  for (std::string_view word = words.Next(); !word.empty(); word = words.Next()) {
    last = word;
    ++count;
  }
  request.silent = count > needed && last == kNoReply;
}

// Digits of RFC 4648 section 4. -1 for others.
constexpr std::array<int8_t, 256> kDigits = [] {
  std::array<int8_t, 256> table{};
  table.fill(-1);
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < kAlphabet.size(); ++i)
    table[static_cast<unsigned char>(kAlphabet[i])] = static_cast<int8_t>(i);
  return table;
}();

// The key that `text` stands for, as far as it is base64.
std::string_view DecodeKey(std::string_view text, std::array<char, kMaxKey>& out) {
  size_t length = 0;
  uint32_t bits = 0;
  int have = 0;
  for (const char c : text) {
    const int digit = kDigits[static_cast<unsigned char>(c)];
    if (digit < 0 || length == out.size()) break;
    bits = bits << 6 | static_cast<uint32_t>(digit);
    have += 6;
    if (have < 8) continue;
    have -= 8;
    out[length++] = static_cast<char>(bits >> have & 0xff);
  }
  return {out.data(), length};
}

// <key> <flags>*, and for ms <key> <bytes> <flags>*
void ReadMeta(Words words, Request& request, PendingQueue& keys) {
  const std::string_view key = words.Next();
  if (request.command == Command::kMetaSet) {
    if (const auto bytes = ReadNumber(words.Next(), kMaxValue); bytes && key.size() <= kMaxKey)
      AddBody(request, *bytes);
  }
  bool base64 = false;
  for (std::string_view flag = words.Next(); !flag.empty(); flag = words.Next()) {
    if (flag[0] == 'q') request.quiet = true;
    if (flag[0] == 'b') base64 = true;
    if (flag[0] == 'O') request.opaque = OpaqueOf(flag);
  }
  if (request.command != Command::kMetaGet || key.empty()) return;
  std::array<char, kMaxKey> decoded;
  keys.AddKey(base64 ? DecodeKey(key, decoded) : key, key);
}

void ReadMetaReply(Words words, Reply& reply) {
  for (std::string_view flag = words.Next(); !flag.empty(); flag = words.Next()) {
    if (flag[0] == 'O') reply.opaque = OpaqueOf(flag);
    if (flag[0] == 'k') reply.key = flag.substr(1);
  }
}

// Words that are too long for Packed.
Word LongWord(std::string_view word) {
  if (word == "CLIENT_ERROR") return Word::kClientError;
  if (word == "SERVER_ERROR") return Word::kServerError;
  if (word == "NOT_STORED" || word == "NOT_FOUND") return Word::kStored;
  return ReadNumber(word, UINT64_MAX) ? Word::kNumber : Word::kOther;
}

}  // namespace

void ReadRequestLine(std::string_view line, PendingQueue& keys, Request& request) {
  Words words(line);
  const CommandName& named = TextCommand(words.Next());
  request = Request();
  request.operation = named.name;
  request.command = named.command;
  switch (named.command) {
    case Command::kTouchRetrieve:
      words.Next();
      [[fallthrough]];
    case Command::kRetrieve:
      for (std::string_view key = words.Next(); !key.empty(); key = words.Next()) keys.AddKey(key);
      break;
    case Command::kStore:
    case Command::kCompareStore:
      ReadStore(words, request);
      break;
    case Command::kDelete:
    case Command::kArithmetic:
    case Command::kTouch:
    case Command::kLine:
      // Of an unknown command nobody can tell what its last word means.
      if (request.operation != kOtherCommand) ReadNoReply(words, request);
      break;
    case Command::kMetaGet:
    case Command::kMetaSet:
    case Command::kMetaDelete:
    case Command::kMetaArithmetic:
      ReadMeta(words, request, keys);
      break;
    case Command::kQuit:
      request.silent = true;
      break;
    case Command::kMetaNoop:
    case Command::kMetaDebug:
    case Command::kStats:
    case Command::kCrawler:
    case Command::kWatch:
      break;
  }
}

Reply ReadReplyLine(std::string_view line) {
  // Nearly all of a cache's answers are this and END.
  constexpr std::string_view kValue = "VALUE ";
  Words words(line);
  Reply reply;
  if (line.starts_with(kValue)) {
    words = Words(line.substr(kValue.size()));
    reply.word = Word::kValue;
    reply.key = words.Next();
    words.Next();
    const auto length = ReadNumber(words.Next(), UINT32_MAX);
    reply.valid = length.has_value();
    reply.length = length.value_or(0);
    return reply;
  }
  const std::string_view first = words.Next();
  const uint64_t word = Packed(first);
  if (word == Packed("END")) {
    reply.word = Word::kEnd;
    return reply;
  }
  switch (word) {
    case Packed("VALUE"):
      reply.word = Word::kValue;
      reply.valid = false;
      return reply;
    case Packed("VA"): {
      reply.word = Word::kMetaValue;
      const auto length = ReadNumber(words.Next(), UINT32_MAX);
      reply.valid = length.has_value();
      reply.length = length.value_or(0);
      ReadMetaReply(words, reply);
      return reply;
    }
    case Packed("STORED"):
    case Packed("EXISTS"):
    case Packed("DELETED"):
    case Packed("TOUCHED"):
      reply.word = Word::kStored;
      return reply;
    case Packed("HD"):
    case Packed("OK"):
      reply.word = Word::kMetaOk;
      break;
    case Packed("EN"):
      reply.word = Word::kMetaMiss;
      break;
    case Packed("NF"):
    case Packed("NS"):
    case Packed("EX"):
      reply.word = Word::kMetaNot;
      break;
    case Packed("MN"):
      reply.word = Word::kMetaNoop;
      return reply;
    case Packed("ME"):
      reply.word = Word::kMetaDebug;
      return reply;
    case Packed("ERROR"):
    case Packed("ERROR:"):
      reply.word = Word::kError;
      return reply;
    default:
      reply.word = LongWord(first);
      return reply;
  }
  ReadMetaReply(words, reply);
  return reply;
}

}  // namespace sidelight::memcached
