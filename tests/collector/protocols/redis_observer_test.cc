// Conversations, and what the observer makes of them. The scripts are those of conversation.h, with one more:
//
//     >* GET a | PING   from the client, as arrays of bulk strings
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "collector/protocols/redis/observer.h"
#include "collector/protocols/redis/pending.h"
#include "collector/protocols/redis/reply_parser.h"
#include "collector/protocols/redis/request_parser.h"
#include "tests/collector/protocols/conversation.h"

namespace sidelight::redis {
namespace {

using namespace conversation;

// The keyspaces of the keys in this test.
constexpr uint32_t kUser = 1;
constexpr uint32_t kCart = 2;

// Writes down what it is told, a line each:
//     started GET
//     ended GET 0 answered, 27 in, 5 out, 1 2 2, user 1/0
//     ended GET 0 answered, 27 in, 5 out, 3 4 5, waited 2, error WRONGTYPE, blocking
//     opaque upgraded
// The 0 is the database; then come start, first byte or -, end, and of each keyspace hits/misses.
class Recorder final : public RecordingSink {
 public:
  void Started(const Exchange& e) override {
    RecordingSink::Started(e);
    out() << "started " << e.operation << "\n";
  }

  void Ended(const Exchange& e) override {
    RecordingSink::Ended(e);
    out() << "ended " << e.operation << " " << e.database << " " << NameOf(e.outcome) << ", "
          << e.request_bytes << " in, " << e.response_bytes << " out, ";
    WriteTimes(e);
    if (!e.error.empty()) out() << ", error " << e.error;
    if (e.blocking) out() << ", blocking";
    for (const CacheLookup& lookup : e.cache) {
      out() << ", "
            << (lookup.keyspace == kUser   ? "user"
                : lookup.keyspace == kCart ? "cart"
                                           : "none")
            << " " << lookup.hits << "/" << lookup.misses;
    }
    out() << "\n";
  }

  uint32_t Keyspace(std::string_view key) override {
    EXPECT_LE(key.size(), RequestParser::kMaxKept);
    return key.starts_with("user:") ? kUser : key.starts_with("cart:") ? kCart : 0;
  }
};

// "GET a | PING" as two arrays of bulk strings.
std::string EncodeCommands(std::string_view commands) {
  std::string out;
  std::istringstream in{std::string(commands)};
  std::vector<std::string> words;
  const auto flush = [&] {
    out += "*" + std::to_string(words.size()) + "\r\n";
    for (const std::string& word : words) out += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
    words.clear();
  };
  for (std::string word; in >> word;) {
    if (word == "|") {
      flush();
    } else {
      words.push_back(Unescape(word));
    }
  }
  flush();
  return out;
}

std::string EncodeLine(std::string_view line) {
  return line.starts_with(">* ") ? EncodeCommands(line.substr(3)) : EncodePlain(line);
}

std::string Play(const Steps& steps, const Feed& feed) {
  Recorder recorder;
  const auto observer = MakeObserver(recorder);
  conversation::Play(steps, feed, *observer, recorder);
  return recorder.text();
}

void ExpectPlays(std::string_view name, const Steps& steps, const std::string& want) {
  conversation::ExpectPlays(name, steps, want, [&](const Feed& feed) { return Play(steps, feed); });
}

struct Case {
  const char* name;
  const char* script;
  const char* want;
};

void ExpectAll(std::initializer_list<Case> cases) {
  for (const Case& c : cases) ExpectPlays(c.name, ParseScript(c.script, EncodeLine), Unindent(c.want));
}

TEST(RedisObserver, OneAfterTheOther) {
  ExpectAll({
      {"a hit and a miss", R"(
        >* GET user:1
        < $5\r\nhello\r\n
        >* get user:2
        < $-1\r\n
        >! end
        <! end)",
       R"(
        started GET
        ended GET 0 answered, 25 in, 11 out, 1 2 2, user 1/0
        started GET
        ended GET 0 answered, 25 in, 5 out, 3 4 4, user 0/1)"},
      {"a slow command and a slow reply", R"(
        > *2\r\n$3\r\nG
        > ET\r\n$6\r\nuser
        > :1\r\n
        < $5\r\nhe
        < llo\r\n)",
       R"(
        started GET
        ended GET 0 answered, 25 in, 11 out, 1 4 5, user 1/0)"},
      {"a write with a large value, and an empty one", R"(
        > *3\r\n$3\r\nSET\r\n$6\r\nuser:1\r\n$20\r\n0123456789
        > 0123456789\r\n
        < +OK\r\n
        > *3\r\n$3\r\nSET\r\n$6\r\nuser:1\r\n$0\r\n\r\n
        < +OK\r\n)",
       R"(
        started SET
        ended SET 0 answered, 52 in, 5 out, 1 3 3
        started SET
        ended SET 0 answered, 31 in, 5 out, 4 5 5)"},
      {"unknown commands are one", R"(
        >* FT.SEARCH idx user:1 | GETT user:1
        < -ERR unknown command 'FT.SEARCH'\r\n-ERR unknown command\r\n
        >* THE-NAME-OF-THIS-COMMAND-IS-RATHER-LONG a
        < :1\r\n)",
       R"(
        started _OTHER
        started _OTHER
        ended _OTHER 0 answered, 40 in, 34 out, 1 2 2, error ERR
        ended _OTHER 0 answered, 26 in, 22 out, 2 2 2, waited 1, error ERR
        started _OTHER
        ended _OTHER 0 answered, 57 in, 4 out, 3 4 4)"},
      {"errors have a word", R"(
        >* GET user:1 | INCR a | EVAL x 0 | EVAL x 0 | EVAL x 0
        < -WRONGTYPE Operation against a key\r\n
        < -MOVED 3999 127.0.0.1:6381\r\n
        < -my own error\r\n
        < -ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF x\r\n
        < -ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG x\r\n)",
       R"(
        started GET
        started INCR
        started EVAL
        started EVAL
        started EVAL
        ended GET 0 answered, 25 in, 36 out, 1 2 2, error WRONGTYPE
        ended INCR 0 answered, 21 in, 28 out, 2 3 3, waited 1, error MOVED
        ended EVAL 0 answered, 28 in, 15 out, 3 4 4, waited 2, error ERR
        ended EVAL 0 answered, 28 in, 37 out, 4 5 5, waited 3, error ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF
        ended EVAL 0 answered, 28 in, 38 out, 5 6 6, waited 4, error ERR)"},
      {"empty commands are not answered", R"(
        > *0\r\n*-1\r\n\r\n\r\n
        > *1\r\n$4\r\nPING\r\n
        < +PONG\r\n)",
       R"(
        started PING
        ended PING 0 answered, 14 in, 7 out, 2 3 3)"},
      {"an empty command that comes in pieces", R"(
        > *
        > 0\r\n*1\r\n$4\r\nPING\r\n \r
        > \nPING\r\n
        < +PONG\r\n+PONG\r\n)",
       R"(
        started PING
        started PING
        ended PING 0 answered, 14 in, 7 out, 2 4 4
        ended PING 0 answered, 6 in, 7 out, 4 4 4, waited 1)"},
      {"any type of reply", R"(
        >* PING | PING | PING | PING | PING | PING | PING | PING | PING | PING | PING | PING
        < :42\r\n*0\r\n*-1\r\n*2\r\n*1\r\n:1\r\n$1\r\nx\r\n
        < _\r\n#t\r\n,3.25\r\n(3492890328409238509324850943850943825024385\r\n
        < !5\r\nERR x\r\n=7\r\ntxt:abc\r\n
        < %2\r\n+a\r\n:1\r\n+b\r\n~2\r\n#f\r\n,inf\r\n
        < |1\r\n+ttl\r\n*1\r\n:3600\r\n*1\r\n|1\r\n+x\r\n:1\r\n:-7\r\n)",
       R"(
        started PING
        started PING
        started PING
        started PING
        started PING
        started PING
        started PING
        started PING
        started PING
        started PING
        started PING
        started PING
        ended PING 0 answered, 14 in, 5 out, 1 2 2
        ended PING 0 answered, 14 in, 4 out, 2 2 2, waited 1
        ended PING 0 answered, 14 in, 5 out, 2 2 2, waited 1
        ended PING 0 answered, 14 in, 19 out, 2 2 2, waited 1
        ended PING 0 answered, 14 in, 3 out, 2 3 3, waited 1
        ended PING 0 answered, 14 in, 4 out, 3 3 3, waited 2
        ended PING 0 answered, 14 in, 7 out, 3 3 3, waited 2
        ended PING 0 answered, 14 in, 46 out, 3 3 3, waited 2
        ended PING 0 answered, 14 in, 11 out, 3 4 4, waited 2, error ERR
        ended PING 0 answered, 14 in, 13 out, 4 4 4, waited 3
        ended PING 0 answered, 14 in, 30 out, 4 5 5, waited 3
        ended PING 0 answered, 14 in, 42 out, 5 6 6, waited 4)"},
  });
}

TEST(RedisObserver, Inline) {
  ExpectAll({
      {"commands as a line", R"(
        > PING\r\n
        < +PONG\r\n
        > \r\n   \r\nget user:1\n
        < $-1\r\n
        > SET "a b" 'c d'\r\nMGET  user:1\t"\x63art:1" user:2\r\n
        < +OK\r\n*3\r\n$1\r\nx\r\n$-1\r\n$-1\r\n)",
       R"(
        started PING
        ended PING 0 answered, 6 in, 7 out, 1 2 2
        started GET
        ended GET 0 answered, 11 in, 5 out, 3 4 4, user 0/1
        started SET
        started MGET
        ended SET 0 answered, 17 in, 5 out, 5 6 6
        ended MGET 0 answered, 30 in, 21 out, 6 6 6, waited 1, user 1/1, cart 0/1)"},
      {"a quote that is left open", R"(
        > GET "user:1\r\n)",
       R"(
        opaque not_protocol)"},
      {"something behind a closing quote", R"(
        > GET "user:1"2\r\n)",
       R"(
        opaque not_protocol)"},
      {"HTTP by its headers", R"(
        > GET / HTTP/1.1\r\nHost: x\r\n\r\n)",
       R"(
        started GET
        ended GET 0 unobserved, 16 in, 0 out, 1 - 1
        opaque not_protocol)"},
      {"HTTP by its method", R"(
        > POST / HTTP/1.1\r\n\r\n)",
       R"(
        opaque not_protocol)"},
      {"HTTP by its answer", R"(
        > GET / HTTP/1.1\r\n
        < HTTP/1.1 400 Bad Request\r\n)",
       R"(
        started GET
        ended GET 0 unobserved, 16 in, 0 out, 1 2 2
        opaque not_protocol)"},
  });
}

TEST(RedisObserver, Pipelining) {
  ExpectAll({
      {"replies that come one by one", R"(
        >* GET user:1 | GET user:2
        > *2\r\n$3\r\nGET\r\n$6\r\n
        < $1\r\nx\r\n
        < $-1\r\n
        > user:3\r\n
        < $1\r\ny\r\n)",
       R"(
        started GET
        started GET
        started GET
        ended GET 0 answered, 25 in, 7 out, 1 3 3, user 1/0
        ended GET 0 answered, 25 in, 5 out, 3 4 4, waited 2, user 0/1
        ended GET 0 answered, 25 in, 7 out, 4 6 6, waited 2, user 1/0)"},
      {"the reply before ends while the command is coming in", R"(
        >* PING
        > *1\r\n
        < +PONG\r\n
        > $4\r\nPING\r\n
        < +PONG\r\n)",
       R"(
        started PING
        ended PING 0 answered, 14 in, 7 out, 1 3 3
        started PING
        ended PING 0 answered, 14 in, 7 out, 3 5 5, waited 1)"},
      {"a server that refuses a command before it is whole", R"(
        > *2\r\n$3\r\nGET\r\n$6\r\nuser
        < -ERR Protocol error\r\n
        > :1\r\n
        >* PING
        < +PONG\r\n)",
       R"(
        started GET
        ended GET 0 answered, 21 in, 21 out, 1 2 2, error ERR
        started PING
        ended PING 0 answered, 14 in, 7 out, 4 5 5)"},
  });
}

TEST(RedisObserver, Lookups) {
  ExpectAll({
      {"MGET counts each key, by keyspace", R"(
        >* MGET user:1 user:2 cart:1 other user:3
        < *5\r\n$1\r\na\r\n$-1\r\n$-1\r\n$0\r\n\r\n$1\r\nb\r\n
        >* MGET user:1 cart:2
        < *2\r\n_\r\n$1\r\nx\r\n
        >* MGET user:1
        < -MOVED 1 x\r\n)",
       R"(
        started MGET
        ended MGET 0 answered, 73 in, 34 out, 1 2 2, user 2/1, cart 0/1, none 1/0
        started MGET
        ended MGET 0 answered, 38 in, 14 out, 3 4 4, user 0/1, cart 1/0
        started MGET
        ended MGET 0 answered, 26 in, 12 out, 5 6 6, error MOVED)"},
      {"HMGET counts each field of one key", R"(
        >* HMGET user:1 a b c
        < *3\r\n$1\r\na\r\n$-1\r\n$-1\r\n
        >* HGET user:1 a | HGET user:1 b
        < $1\r\na\r\n$-1\r\n)",
       R"(
        started HMGET
        ended HMGET 0 answered, 48 in, 21 out, 1 2 2, user 1/2
        started HGET
        started HGET
        ended HGET 0 answered, 33 in, 7 out, 3 4 4, user 1/0
        ended HGET 0 answered, 33 in, 5 out, 4 4 4, waited 1, user 0/1)"},
      {"numbers", R"(
        >* STRLEN user:1 | STRLEN user:2 | HEXISTS cart:1 a | HSTRLEN cart:1 b
        < :3\r\n:0\r\n:1\r\n:0\r\n
        >* STRLEN user:1
        < -WRONGTYPE x\r\n)",
       R"(
        started STRLEN
        started STRLEN
        started HEXISTS
        started HSTRLEN
        ended STRLEN 0 answered, 28 in, 4 out, 1 2 2, user 1/0
        ended STRLEN 0 answered, 28 in, 4 out, 2 2 2, waited 1, user 0/1
        ended HEXISTS 0 answered, 36 in, 4 out, 2 2 2, waited 1, cart 1/0
        ended HSTRLEN 0 answered, 36 in, 4 out, 2 2 2, waited 1, cart 0/1
        started STRLEN
        ended STRLEN 0 answered, 28 in, 14 out, 3 4 4, error WRONGTYPE)"},
      {"EXISTS says how many", R"(
        >* EXISTS user:1 | EXISTS user:1 user:2 user:3 | TOUCH user:1
        < :0\r\n:2\r\n:1\r\n
        >* EXISTS user:1 cart:1 user:1 | EXISTS user:1 cart:1 | EXISTS user:1 cart:1
        < :3\r\n:0\r\n:1\r\n
        >* EXISTS user:1 | EXISTS user:1
        < :99\r\n:-99\r\n)",
       R"(
        started EXISTS
        started EXISTS
        started TOUCH
        ended EXISTS 0 answered, 28 in, 4 out, 1 2 2, user 0/1
        ended EXISTS 0 answered, 52 in, 4 out, 2 2 2, waited 1, user 2/1
        ended TOUCH 0 answered, 27 in, 4 out, 2 2 2, waited 1, user 1/0
        started EXISTS
        started EXISTS
        started EXISTS
        ended EXISTS 0 answered, 52 in, 4 out, 3 4 4, user 2/0, cart 1/0
        ended EXISTS 0 answered, 40 in, 4 out, 4 4 4, waited 1, user 0/1, cart 0/1
        ended EXISTS 0 answered, 40 in, 4 out, 4 4 4, waited 1, none 1/1
        started EXISTS
        started EXISTS
        ended EXISTS 0 answered, 28 in, 5 out, 5 6 6, user 1/0
        ended EXISTS 0 answered, 28 in, 6 out, 6 6 6, waited 1, user 0/1)"},
      {"collections and ranges are misses when empty", R"(
        >* HGETALL user:1 | SMEMBERS user:1 | GETRANGE user:1 0 1 | HGETALL user:1 | SMEMBERS user:2 | GETRANGE user:1 0 9
        < *2\r\n+a\r\n+b\r\n*0\r\n$0\r\n\r\n
        < %0\r\n~1\r\n+a\r\n$1\r\na\r\n)",
       R"(
        started HGETALL
        started SMEMBERS
        started GETRANGE
        started HGETALL
        started SMEMBERS
        started GETRANGE
        ended HGETALL 0 answered, 29 in, 12 out, 1 2 2, user 1/0
        ended SMEMBERS 0 answered, 30 in, 4 out, 2 2 2, waited 1, user 0/1
        ended GETRANGE 0 answered, 44 in, 6 out, 2 2 2, waited 1, user 0/1
        ended HGETALL 0 answered, 29 in, 4 out, 2 3 3, waited 1, user 0/1
        ended SMEMBERS 0 answered, 30 in, 8 out, 3 3 3, waited 2, user 1/0
        ended GETRANGE 0 answered, 44 in, 7 out, 3 3 3, waited 2, user 1/0)"},
      {"GETEX, GETDEL, GETSET, ZSCORE", R"(
        >* GETEX user:1 EX 10 | GETDEL user:1 | GETSET user:1 x | ZSCORE cart:1 a | ZMSCORE cart:1 a b
        < $1\r\na\r\n$1\r\na\r\n$-1\r\n,1.5\r\n*2\r\n_\r\n,1\r\n)",
       R"(
        started GETEX
        started GETDEL
        started GETSET
        started ZSCORE
        started ZMSCORE
        ended GETEX 0 answered, 43 in, 7 out, 1 2 2, user 1/0
        ended GETDEL 0 answered, 28 in, 7 out, 2 2 2, waited 1, user 1/0
        ended GETSET 0 answered, 35 in, 5 out, 2 2 2, waited 1, user 0/1
        ended ZSCORE 0 answered, 35 in, 6 out, 2 2 2, waited 1, cart 1/0
        ended ZMSCORE 0 answered, 43 in, 11 out, 2 2 2, waited 1, cart 1/1)"},
      {"every null is one, and only that", R"(
        >* HELLO 3
        < %1\r\n$5\r\nproto\r\n:3\r\n
        >* GET user:1 | GET user:1 | GET user:1 | GET user:1 | GET user:1 | GET user:1 | GET user:1
        < _\r\n$-1\r\n*-1\r\n$0\r\n\r\n=7\r\ntxt:abc\r\n(12345678901234567890123\r\n#f\r\n)",
       R"(
        started HELLO
        ended HELLO 0 answered, 22 in, 19 out, 1 2 2
        started GET
        started GET
        started GET
        started GET
        started GET
        started GET
        started GET
        ended GET 0 answered, 25 in, 3 out, 3 4 4, user 0/1
        ended GET 0 answered, 25 in, 5 out, 4 4 4, waited 1, user 0/1
        ended GET 0 answered, 25 in, 5 out, 4 4 4, waited 1, user 0/1
        ended GET 0 answered, 25 in, 6 out, 4 4 4, waited 1, user 1/0
        ended GET 0 answered, 25 in, 13 out, 4 4 4, waited 1, user 1/0
        ended GET 0 answered, 25 in, 26 out, 4 4 4, waited 1, user 1/0
        ended GET 0 answered, 25 in, 4 out, 4 4 4, waited 1, user 1/0)"},
      {"an attribute goes with its value", R"(
        >* GET user:1 | GET user:2 | MGET user:1 cart:1 | GET user:1
        < |1\r\n+ttl\r\n$-1\r\n$1\r\nx\r\n|1\r\n+ttl\r\n:3600\r\n_\r\n
        < |1\r\n+a\r\n_\r\n*2\r\n|1\r\n_\r\n*1\r\n_\r\n$1\r\nx\r\n|0\r\n_\r\n
        < |1\r\n+a\r\n-NOT this\r\n-WRONGTYPE x\r\n)",
       R"(
        started GET
        started GET
        started MGET
        started GET
        ended GET 0 answered, 25 in, 22 out, 1 2 2, user 1/0
        ended GET 0 answered, 25 in, 20 out, 2 2 2, waited 1, user 0/1
        ended MGET 0 answered, 38 in, 43 out, 2 3 3, waited 1, user 1/0, cart 0/1
        ended GET 0 answered, 25 in, 33 out, 3 4 4, waited 2, error WRONGTYPE)"},
      {"SET is one with its option GET", R"(
        >* SET user:1 GET | SET user:1 GET EX 10 | SET user:1 x ex 10 get | SET user:1 x GET
        < +OK\r\n+OK\r\n$1\r\nx\r\n$-1\r\n)",
       R"(
        started SET
        started SET
        started SET
        started SET
        ended SET 0 answered, 34 in, 5 out, 1 2 2
        ended SET 0 answered, 50 in, 5 out, 2 2 2, waited 1
        ended SET 0 answered, 57 in, 7 out, 2 2 2, waited 1, user 1/0
        ended SET 0 answered, 41 in, 5 out, 2 2 2, waited 1, user 0/1)"},
      {"commands that are no lookups", R"(
        >* EVALSHA abc 1 user:1 | FCALL f 1 user:1 | SCRIPT LOAD x | EVALSHA abc 1 user:1
        < $-1\r\n_\r\n$3\r\nabc\r\n-NOSCRIPT x\r\n
        >* LRANGE user:1 0 1 | LPOP user:1 | TTL user:1 | TYPE user:1 | SISMEMBER user:1 a | EVAL x 1 user:1
        < *0\r\n$-1\r\n:-2\r\n+none\r\n:0\r\n$-1\r\n)",
       R"(
        started EVALSHA
        started FCALL
        started SCRIPT
        started EVALSHA
        ended EVALSHA 0 answered, 45 in, 5 out, 1 2 2
        ended FCALL 0 answered, 41 in, 3 out, 2 2 2, waited 1
        ended SCRIPT 0 answered, 33 in, 9 out, 2 2 2, waited 1
        ended EVALSHA 0 answered, 45 in, 13 out, 2 2 2, waited 1, error NOSCRIPT
        started LRANGE
        started LPOP
        started TTL
        started TYPE
        started SISMEMBER
        started EVAL
        ended LRANGE 0 answered, 42 in, 4 out, 3 4 4
        ended LPOP 0 answered, 26 in, 5 out, 4 4 4, waited 1
        ended TTL 0 answered, 25 in, 5 out, 4 4 4, waited 1
        ended TYPE 0 answered, 26 in, 7 out, 4 4 4, waited 1
        ended SISMEMBER 0 answered, 38 in, 4 out, 4 4 4, waited 1
        ended EVAL 0 answered, 40 in, 5 out, 4 4 4, waited 1)"},
      {"a key in pieces, an empty key, a long key", R"(
        > *2\r\n$3\r\nGET\r\n$8\r\ncar
        > t:123\r\n*2\r\n$3\r\nGET\r\n$0\r\n\r\n
        < $-1\r\n$-1\r\n
        >* GET user:0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789
        < $-1\r\n)",
       R"(
        started GET
        started GET
        ended GET 0 answered, 27 in, 5 out, 1 3 3, cart 0/1
        ended GET 0 answered, 19 in, 5 out, 3 3 3, waited 1, none 0/1
        started GET
        ended GET 0 answered, 276 in, 5 out, 4 5 5, user 0/1)"},
  });
}

TEST(RedisObserver, Transactions) {
  ExpectAll({
      {"EXEC carries the replies", R"(
        >* MULTI
        < +OK\r\n
        >* GET user:1
        < +QUEUED\r\n
        >* MGET user:1 cart:1 | INCR a | HGETALL user:1
        < +QUEUED\r\n+QUEUED\r\n+QUEUED\r\n
        >* EXEC
        < *4\r\n$1\r\nx\r\n
        < *2\r\n$-1\r\n$1\r\ny\r\n-WRONGTYPE x\r\n
        < *0\r\n
        >* GET cart:1
        < $-1\r\n)",
       R"(
        started MULTI
        ended MULTI 0 answered, 15 in, 5 out, 1 2 2
        started EXEC
        started GET
        ended GET 0 answered, 25 in, 11 out, 7 8 8, user 1/0
        started MGET
        ended MGET 0 answered, 38 in, 16 out, 7 8 9, user 0/1, cart 1/0
        started INCR
        ended INCR 0 answered, 21 in, 14 out, 7 8 9, error WRONGTYPE
        started HGETALL
        ended HGETALL 0 answered, 29 in, 4 out, 7 8 10, user 0/1
        ended EXEC 0 answered, 14 in, 45 out, 7 8 10
        started GET
        ended GET 0 answered, 25 in, 5 out, 11 12 12, cart 0/1)"},
      {"in one write, with a SELECT", R"(
        >* MULTI | SELECT 3 | GET user:1 | EXEC | PING
        < +OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n$-1\r\n
        < +PONG\r\n)",
       R"(
        started MULTI
        started EXEC
        started PING
        ended MULTI 0 answered, 15 in, 5 out, 1 2 2
        started SELECT
        ended SELECT 0 answered, 23 in, 9 out, 2 2 2
        started GET
        ended GET 3 answered, 25 in, 5 out, 2 2 2, user 0/1
        ended EXEC 3 answered, 14 in, 14 out, 2 2 2, waited 1
        ended PING 3 answered, 14 in, 7 out, 2 3 3, waited 1)"},
      {"aborted by a refused command", R"(
        >* MULTI | GETT x | GET user:1 | EXEC | GET user:1
        < +OK\r\n-ERR unknown command\r\n+QUEUED\r\n-EXECABORT Transaction discarded\r\n$-1\r\n)",
       R"(
        started MULTI
        started EXEC
        started GET
        ended MULTI 0 answered, 15 in, 5 out, 1 2 2
        started _OTHER
        ended _OTHER 0 answered, 21 in, 22 out, 2 2 2, waited 1, error ERR
        ended EXEC 0 answered, 14 in, 34 out, 2 2 2, waited 1, error EXECABORT
        ended GET 0 answered, 25 in, 5 out, 2 2 2, waited 1, user 0/1)"},
      {"aborted by WATCH", R"(
        >* WATCH user:1 | MULTI | GET user:1 | EXEC
        < +OK\r\n+OK\r\n+QUEUED\r\n*-1\r\n
        >* MULTI | GET user:1 | EXEC
        < +OK\r\n+QUEUED\r\n_\r\n)",
       R"(
        started WATCH
        started MULTI
        started EXEC
        ended WATCH 0 answered, 27 in, 5 out, 1 2 2
        ended MULTI 0 answered, 15 in, 5 out, 2 2 2, waited 1
        ended EXEC 0 answered, 14 in, 5 out, 2 2 2, waited 1
        started MULTI
        started EXEC
        ended MULTI 0 answered, 15 in, 5 out, 3 4 4
        ended EXEC 0 answered, 14 in, 3 out, 4 4 4, waited 1)"},
      {"DISCARD and RESET", R"(
        >* MULTI | GET user:1 | DISCARD | GET user:1
        < +OK\r\n+QUEUED\r\n+OK\r\n$-1\r\n
        >* MULTI | GET user:1 | RESET | GET user:1
        < +OK\r\n+QUEUED\r\n+RESET\r\n$-1\r\n)",
       R"(
        started MULTI
        started DISCARD
        started GET
        ended MULTI 0 answered, 15 in, 5 out, 1 2 2
        ended DISCARD 0 answered, 17 in, 5 out, 2 2 2, waited 1
        ended GET 0 answered, 25 in, 5 out, 2 2 2, waited 1, user 0/1
        started MULTI
        started RESET
        started GET
        ended MULTI 0 answered, 15 in, 5 out, 3 4 4
        ended RESET 0 answered, 15 in, 8 out, 4 4 4, waited 1
        ended GET 0 answered, 25 in, 5 out, 4 4 4, waited 1, user 0/1)"},
      {"an empty one, and EXEC without MULTI", R"(
        >* MULTI | EXEC | EXEC
        < +OK\r\n*0\r\n-ERR EXEC without MULTI\r\n)",
       R"(
        started MULTI
        started EXEC
        started EXEC
        ended MULTI 0 answered, 15 in, 5 out, 1 2 2
        ended EXEC 0 answered, 14 in, 4 out, 2 2 2, waited 1
        ended EXEC 0 answered, 14 in, 25 out, 2 2 2, waited 1, error ERR)"},
      {"the upstream dies within one", R"(
        >* MULTI | GET user:1
        < +OK\r\n+QUEUED\r\n
        >* GET user:2 | EXEC
        <! reset)",
       R"(
        started MULTI
        ended MULTI 0 answered, 15 in, 5 out, 1 2 2
        started EXEC
        ended EXEC 0 upstream_closed, 14 in, 0 out, 4 - 4, waited 1)"},
      {"more or fewer elements than were queued", R"(
        >* MULTI | GET user:1 | GET user:2 | EXEC | MULTI | GET user:1 | EXEC
        < +OK\r\n+QUEUED\r\n+QUEUED\r\n*1\r\n$-1\r\n+OK\r\n+QUEUED\r\n*2\r\n$-1\r\n*1\r\n$-1\r\n)",
       R"(
        started MULTI
        started EXEC
        started MULTI
        started EXEC
        ended MULTI 0 answered, 15 in, 5 out, 1 2 2
        started GET
        ended GET 0 answered, 25 in, 9 out, 2 2 2, user 0/1
        ended EXEC 0 answered, 14 in, 9 out, 2 2 2, waited 1
        ended MULTI 0 answered, 15 in, 5 out, 2 2 2, waited 1
        started GET
        ended GET 0 answered, 25 in, 9 out, 2 2 2, user 0/1
        ended EXEC 0 answered, 14 in, 18 out, 2 2 2, waited 1)"},
      {"subscriptions within one cannot be followed", R"(
        >* MULTI | SUBSCRIBE a)",
       R"(
        started MULTI
        ended MULTI 0 unobserved, 15 in, 0 out, 1 - 1
        opaque limit)"},
      {"nor can CLIENT REPLY", R"(
        >* MULTI | CLIENT REPLY OFF
        < +OK\r\n)",
       R"(
        started MULTI
        ended MULTI 0 unobserved, 15 in, 0 out, 1 - 1
        opaque limit)"},
  });
}

// To close the connection of one would undo it, also while no reply is due.
TEST(RedisObserver, SaysWhenItIsInATransaction) {
  const std::string granted = "+OK\r\n";
  const std::string multi = EncodeCommands("MULTI |");
  const struct {
    const char* name;
    Steps steps;
    bool want;
  } rows[] = {
      {"none", {Client(EncodeCommands("GET a |")), Server("$-1\r\n")}, false},
      {"refused", {Client(multi), Server("-ERR no\r\n")}, false},
      {"granted", {Client(multi), Server(granted)}, true},
      {"a command is queued",
       {Client(multi), Server(granted), Client(EncodeCommands("SET a 1 |")), Server("+QUEUED\r\n")},
       true},
      {"a command waits to be queued",
       {Client(multi), Server(granted), Client(EncodeCommands("SET a 1 |"))},
       true},
      {"EXEC", {Client(multi), Server(granted), Client(EncodeCommands("EXEC |")), Server("*0\r\n")}, false},
      {"EXEC aborts",
       {Client(multi), Server(granted), Client(EncodeCommands("EXEC |")), Server("-EXECABORT x\r\n")},
       false},
      {"DISCARD",
       {Client(multi), Server(granted), Client(EncodeCommands("DISCARD |")), Server("+OK\r\n")},
       false},
      {"RESET",
       {Client(multi), Server(granted), Client(EncodeCommands("RESET |")), Server("+RESET\r\n")},
       false},
      {"without replies", {Client(EncodeCommands("CLIENT REPLY OFF | MULTI | SET a 1 |"))}, true},
      {"EXEC without replies",
       {Client(EncodeCommands("CLIENT REPLY OFF | MULTI | SET a 1 | EXEC |"))},
       false},
      {"the server has gone", {Client(multi), Server(granted), ServerClosed()}, false},
      {"what we cannot read", {Client(multi), Server(granted), Client("\x01")}, false},
  };
  for (const auto& row : rows) {
    Recorder recorder;
    const auto observer = MakeObserver(recorder);
    for (const Step& step : row.steps) {
      if (step.closes) {
        observer->OnClosed(step.direction, step.reason, At(0));
      } else {
        observer->OnBytes(step.direction, step.bytes, At(0));
      }
    }
    EXPECT_EQ(observer->InTransaction(), row.want) << row.name;
  }
}

TEST(RedisObserver, Subscriptions) {
  ExpectAll({
      {"RESP2", R"(
        >* SUBSCRIBE a b
        < *3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n
        < *3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n
        < *3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n
        >* PING | PSUBSCRIBE x*
        < *3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n*2\r\n$4\r\npong\r\n$0\r\n\r\n
        < *3\r\n$10\r\npsubscribe\r\n$2\r\nx*\r\n:3\r\n
        < *4\r\n$8\r\npmessage\r\n$2\r\nx*\r\n$2\r\nxy\r\n$2\r\nhi\r\n
        >* UNSUBSCRIBE
        < *3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:2\r\n*3\r\n$11\r\nunsubscribe\r\n$1\r\nb\r\n:1\r\n
        >* PUNSUBSCRIBE
        < *3\r\n$12\r\npunsubscribe\r\n$2\r\nx*\r\n:0\r\n
        >* UNSUBSCRIBE | GET user:1
        < *3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n$-1\r\n)",
       R"(
        started SUBSCRIBE
        ended SUBSCRIBE 0 answered, 33 in, 60 out, 1 2 4
        started PING
        started PSUBSCRIBE
        ended PING 0 answered, 14 in, 20 out, 5 6 6
        ended PSUBSCRIBE 0 answered, 29 in, 33 out, 6 7 7, waited 1
        started UNSUBSCRIBE
        ended UNSUBSCRIBE 0 answered, 22 in, 66 out, 9 10 10
        started PUNSUBSCRIBE
        ended PUNSUBSCRIBE 0 answered, 23 in, 35 out, 11 12 12
        started UNSUBSCRIBE
        started GET
        ended UNSUBSCRIBE 0 answered, 22 in, 31 out, 13 14 14
        ended GET 0 answered, 25 in, 5 out, 14 14 14, waited 1, user 0/1)"},
      {"RESP3, with commands between", R"(
        >* HELLO 3 AUTH me secret
        < %1\r\n$5\r\nproto\r\n:3\r\n
        >* SUBSCRIBE a | MGET user:1
        < >3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n>3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n*1\r\n$1\r\nx\r\n
        < >2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\na\r\n
        >* SSUBSCRIBE s | SUNSUBSCRIBE
        < >3\r\n$10\r\nssubscribe\r\n$1\r\ns\r\n:1\r\n>3\r\n$12\r\nsunsubscribe\r\n$1\r\ns\r\n:0\r\n)",
       R"(
        started HELLO
        ended HELLO 0 answered, 52 in, 19 out, 1 2 2
        started SUBSCRIBE
        started MGET
        ended SUBSCRIBE 0 answered, 26 in, 30 out, 3 4 4
        ended MGET 0 answered, 26 in, 11 out, 4 4 4, waited 1, user 1/0
        started SSUBSCRIBE
        started SUNSUBSCRIBE
        ended SSUBSCRIBE 0 answered, 28 in, 32 out, 6 7 7
        ended SUNSUBSCRIBE 0 answered, 23 in, 34 out, 7 7 7, waited 1)"},
      {"a message between a command and its reply", R"(
        >* HELLO 3
        < %1\r\n$5\r\nproto\r\n:3\r\n
        >* GET user:1
        < >3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n
        < $1\r\nx\r\n)",
       R"(
        started HELLO
        ended HELLO 0 answered, 22 in, 19 out, 1 2 2
        started GET
        ended GET 0 answered, 25 in, 7 out, 3 5 5, user 1/0)"},
      {"refused", R"(
        >* SUBSCRIBE a b
        < -NOPERM no\r\n
        >* PING
        < +PONG\r\n)",
       R"(
        started SUBSCRIBE
        ended SUBSCRIBE 0 answered, 33 in, 12 out, 1 2 2, error NOPERM
        started PING
        ended PING 0 answered, 14 in, 7 out, 3 4 4)"},
      {"a slot that moves away", R"(
        >* SSUBSCRIBE s
        < *3\r\n$10\r\nssubscribe\r\n$1\r\ns\r\n:1\r\n
        < *3\r\n$12\r\nsunsubscribe\r\n$1\r\ns\r\n:0\r\n
        >* GET user:1
        < $-1\r\n)",
       R"(
        started SSUBSCRIBE
        ended SSUBSCRIBE 0 answered, 28 in, 32 out, 1 2 2
        started GET
        ended GET 0 answered, 25 in, 5 out, 4 5 5, user 0/1)"},
      {"an array that nobody asked for is no message", R"(
        >* SUBSCRIBE a
        < *3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n
        < *1\r\n$4\r\npong\r\n)",
       R"(
        started SUBSCRIBE
        ended SUBSCRIBE 0 answered, 26 in, 30 out, 1 2 2
        opaque desynchronized)"},
      {"RESET ends them", R"(
        >* SUBSCRIBE a | RESET
        < *3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n+RESET\r\n
        >* MGET user:1
        < *1\r\n$7\r\nmessage\r\n)",
       R"(
        started SUBSCRIBE
        started RESET
        ended SUBSCRIBE 0 answered, 26 in, 30 out, 1 2 2
        ended RESET 0 answered, 15 in, 8 out, 2 2 2, waited 1
        started MGET
        ended MGET 0 answered, 26 in, 17 out, 3 4 4, user 1/0)"},
      {"the upstream dies within a message, or a confirmation", R"(
        >* SUBSCRIBE a | PING
        < *3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$7\r\nmessa
        <! end)",
       R"(
        started SUBSCRIBE
        started PING
        ended SUBSCRIBE 0 answered, 26 in, 30 out, 1 2 2
        ended PING 0 upstream_closed, 14 in, 0 out, 2 - 3, waited 1)"},
      {"without replies they cannot be followed", R"(
        >* CLIENT REPLY OFF | SUBSCRIBE a)",
       R"(
        started CLIENT
        ended CLIENT 0 answered, 36 in, 0 out, 1 - 1
        opaque limit)"},
  });
}

TEST(RedisObserver, RepliesThatDoNotCome) {
  ExpectAll({
      {"CLIENT REPLY SKIP", R"(
        >* CLIENT REPLY SKIP | SET a b | GET user:1
        < $-1\r\n
        >* CLIENT reply skip | CLIENT REPLY SKIP | GET user:1 | CLIENT ID
        < :7\r\n)",
       R"(
        started CLIENT
        ended CLIENT 0 answered, 37 in, 0 out, 1 - 1
        started SET
        ended SET 0 answered, 27 in, 0 out, 1 - 1
        started GET
        ended GET 0 answered, 25 in, 5 out, 1 2 2, user 0/1
        started CLIENT
        ended CLIENT 0 answered, 37 in, 0 out, 3 - 3
        started CLIENT
        ended CLIENT 0 answered, 37 in, 0 out, 3 - 3
        started GET
        ended GET 0 answered, 25 in, 0 out, 3 - 3
        started CLIENT
        ended CLIENT 0 answered, 24 in, 4 out, 3 4 4)"},
      {"CLIENT REPLY OFF and ON", R"(
        >* GET user:1 | CLIENT REPLY OFF | GET user:1 | SELECT 2
        > *3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n
        < $-1\r\n
        > $2\r\nON\r\n
        < +OK\r\n
        >* GET user:1
        < $-1\r\n)",
       R"(
        started GET
        started CLIENT
        ended CLIENT 0 answered, 36 in, 0 out, 1 - 1
        started GET
        ended GET 0 answered, 25 in, 0 out, 1 - 1
        started SELECT
        ended SELECT 0 answered, 23 in, 0 out, 1 - 1
        ended GET 2 answered, 25 in, 5 out, 1 3 3, user 0/1
        started CLIENT
        ended CLIENT 2 answered, 35 in, 5 out, 3 5 5, waited 1
        started GET
        ended GET 2 answered, 25 in, 5 out, 6 7 7, user 0/1)"},
      {"RESET", R"(
        >* CLIENT REPLY OFF | CLIENT REPLY SKIP | GET a | CLIENT ID | RESET
        < +RESET\r\n)",
       R"(
        started CLIENT
        ended CLIENT 0 answered, 36 in, 0 out, 1 - 1
        started CLIENT
        ended CLIENT 0 answered, 37 in, 0 out, 1 - 1
        started GET
        ended GET 0 answered, 20 in, 0 out, 1 - 1
        started CLIENT
        ended CLIENT 0 answered, 24 in, 0 out, 1 - 1
        started RESET
        ended RESET 0 answered, 15 in, 8 out, 1 2 2)"},
      {"CLIENT without REPLY", R"(
        >* CLIENT | CLIENT REPLY | CLIENT SETNAME REPLY | CLIENT REPLY BAD
        < -ERR a\r\n-ERR b\r\n+OK\r\n-ERR syntax error\r\n)",
       R"(
        started CLIENT
        started CLIENT
        started CLIENT
        started CLIENT
        ended CLIENT 0 answered, 16 in, 8 out, 1 2 2, error ERR
        ended CLIENT 0 answered, 27 in, 8 out, 2 2 2, waited 1, error ERR
        ended CLIENT 0 answered, 40 in, 5 out, 2 2 2, waited 1
        ended CLIENT 0 answered, 36 in, 19 out, 2 2 2, waited 1, error ERR)"},
  });
}

TEST(RedisObserver, Sessions) {
  ExpectAll({
      {"SELECT, once it has worked", R"(
        >* SELECT 7 | GET user:1 | SELECT 99999 | SELECT x
        < +OK\r\n$-1\r\n-ERR DB index is out of range\r\n-ERR value is not an integer\r\n
        >* GET user:1
        < $-1\r\n
        >* RESET | GET user:1
        < +RESET\r\n$-1\r\n)",
       R"(
        started SELECT
        started GET
        started SELECT
        started SELECT
        ended SELECT 7 answered, 23 in, 5 out, 1 2 2
        ended GET 7 answered, 25 in, 5 out, 2 2 2, waited 1, user 0/1
        ended SELECT 7 answered, 27 in, 31 out, 2 2 2, waited 1, error ERR
        ended SELECT 7 answered, 23 in, 30 out, 2 2 2, waited 1, error ERR
        started GET
        ended GET 7 answered, 25 in, 5 out, 3 4 4, user 0/1
        started RESET
        started GET
        ended RESET 0 answered, 15 in, 8 out, 5 6 6
        ended GET 0 answered, 25 in, 5 out, 6 6 6, waited 1, user 0/1)"},
      {"AUTH and HELLO, refused", R"(
        >* AUTH user:1 secret
        < -WRONGPASS invalid\r\n
        >* HELLO 3
        < -NOAUTH x\r\n
        >* HELLO | HELLO 4 | PING
        < *2\r\n+a\r\n+b\r\n-NOPROTO x\r\n+PONG\r\n)",
       R"(
        started AUTH
        ended AUTH 0 answered, 38 in, 20 out, 1 2 2, error WRONGPASS
        started HELLO
        ended HELLO 0 answered, 22 in, 11 out, 3 4 4, error NOAUTH
        started HELLO
        started HELLO
        started PING
        ended HELLO 0 answered, 15 in, 12 out, 5 6 6
        ended HELLO 0 answered, 22 in, 12 out, 6 6 6, waited 1, error NOPROTO
        ended PING 0 answered, 14 in, 7 out, 6 6 6, waited 1)"},
      {"blocking commands are told apart", R"(
        >* BLPOP a 0 | BZMPOP 0 1 a MIN | WAIT 1 0
        < *-1\r\n*-1\r\n:0\r\n
        >* XREAD COUNT 1 BLOCK 0 STREAMS a $ | XREAD STREAMS BLOCK 0 | XREADGROUP GROUP block c COUNT 1 STREAMS a > | XREADGROUP GROUP g c block 5 STREAMS a >
        < *-1\r\n*-1\r\n*-1\r\n*-1\r\n)",
       R"(
        started BLPOP
        started BZMPOP
        started WAIT
        ended BLPOP 0 answered, 29 in, 5 out, 1 2 2, blocking
        ended BZMPOP 0 answered, 46 in, 5 out, 2 2 2, waited 1, blocking
        ended WAIT 0 answered, 28 in, 4 out, 2 2 2, waited 1, blocking
        started XREAD
        started XREAD
        started XREADGROUP
        started XREADGROUP
        ended XREAD 0 answered, 78 in, 5 out, 3 4 4, blocking
        ended XREAD 0 answered, 46 in, 5 out, 4 4 4, waited 1
        ended XREADGROUP 0 answered, 95 in, 5 out, 4 4 4, waited 1
        ended XREADGROUP 0 answered, 91 in, 5 out, 4 4 4, waited 1, blocking)"},
      {"each of the blocking commands", R"(
        >* BRPOP a 0 | BRPOPLPUSH a b 0 | BLMOVE a b LEFT RIGHT 0 | BLMPOP 0 1 a LEFT | BZPOPMIN a 0 | BZPOPMAX a 0 | WAITAOF 1 0 0
        < *-1\r\n$-1\r\n_\r\n*-1\r\n*-1\r\n_\r\n*2\r\n:0\r\n:0\r\n
        >* MULTI | BLPOP a 0 | EXEC
        < +OK\r\n+QUEUED\r\n*1\r\n*-1\r\n
        >* BLPOP a 0
        < -UNBLOCKED force unblock from blocking operation\r\n)",
       R"(
        started BRPOP
        started BRPOPLPUSH
        started BLMOVE
        started BLMPOP
        started BZPOPMIN
        started BZPOPMAX
        started WAITAOF
        ended BRPOP 0 answered, 29 in, 5 out, 1 2 2, blocking
        ended BRPOPLPUSH 0 answered, 42 in, 5 out, 2 2 2, waited 1, blocking
        ended BLMOVE 0 answered, 58 in, 3 out, 2 2 2, waited 1, blocking
        ended BLMPOP 0 answered, 47 in, 5 out, 2 2 2, waited 1, blocking
        ended BZPOPMIN 0 answered, 32 in, 5 out, 2 2 2, waited 1, blocking
        ended BZPOPMAX 0 answered, 32 in, 3 out, 2 2 2, waited 1, blocking
        ended WAITAOF 0 answered, 38 in, 12 out, 2 2 2, waited 1, blocking
        started MULTI
        started EXEC
        ended MULTI 0 answered, 15 in, 5 out, 3 4 4
        started BLPOP
        ended BLPOP 0 answered, 29 in, 9 out, 4 4 4
        ended EXEC 0 answered, 14 in, 9 out, 4 4 4, waited 1
        started BLPOP
        ended BLPOP 0 answered, 29 in, 50 out, 5 6 6, error UNBLOCKED, blocking)"},
      {"QUIT", R"(
        >* QUIT | PING
        < +OK\r\n
        <! end
        >! end)",
       R"(
        started QUIT
        started PING
        ended QUIT 0 answered, 14 in, 5 out, 1 2 2
        ended PING 0 upstream_closed, 14 in, 0 out, 2 - 3, waited 1)"},
      {"MONITOR", R"(
        >* MONITOR | PING
        < +OK\r\n+1339518083.107412 [0 127.0.0.1:60866] "keys" "*"\r\n
        >* PING)",
       R"(
        started MONITOR
        started PING
        ended MONITOR 0 answered, 17 in, 5 out, 1 2 2
        ended PING 0 unobserved, 14 in, 0 out, 2 - 2, waited 1
        opaque upgraded)"},
      {"MONITOR, refused", R"(
        >* MONITOR | PING
        < -NOPERM x\r\n+PONG\r\n)",
       R"(
        started MONITOR
        started PING
        ended MONITOR 0 answered, 17 in, 11 out, 1 2 2, error NOPERM
        ended PING 0 answered, 14 in, 7 out, 2 2 2, waited 1)"},
      {"PSYNC", R"(
        >* REPLCONF listening-port 6380 | PSYNC ? -1
        < +OK\r\n
        < \n
        < +FULLRESYNC 8de1787ba490483314a4d30f1c628bc5025eb761 0\r\n$4\r\nRDB.)",
       R"(
        started REPLCONF
        started PSYNC
        ended REPLCONF 0 answered, 49 in, 5 out, 1 2 2
        ended PSYNC 0 answered, 30 in, 0 out, 2 3 3, waited 1
        opaque upgraded)"},
      {"SYNC, refused and granted", R"(
        >* SYNC
        < -NOMASTERLINK x\r\n
        >* SYNC
        < $1000\r\nREDIS0011)",
       R"(
        started SYNC
        ended SYNC 0 answered, 14 in, 17 out, 1 2 2, error NOMASTERLINK
        started SYNC
        ended SYNC 0 answered, 14 in, 0 out, 3 4 4
        opaque upgraded)"},
  });
}

TEST(RedisObserver, AnErrorBeforeTheFirstCommandIsItsAnswer) {
  ExpectAll({
      {"too many clients", R"(
        < -ERR max number of clients reached\r\n
        <! end
        >* PING | GET user:1
        >! end)",
       R"(
        started PING
        ended PING 0 answered, 14 in, 36 out, 3 3 3, error ERR
        started GET
        ended GET 0 upstream_closed, 13 in, 0 out, 3 - 3)"},
      {"it comes while the command does, and the connection goes on", R"(
        > *2\r\n$3\r\nGE
        < -DENIED Redis is running in protected mode\r\n
        > T\r\n$6\r\nuser:
        > 1\r\n
        >* GET user:1
        < $-1\r\n)",
       R"(
        started GET
        ended GET 0 answered, 25 in, 44 out, 1 1 4, error DENIED
        started GET
        ended GET 0 answered, 25 in, 5 out, 5 6 6, user 0/1)"},
      {"a command comes while it does", R"(
        < -DENIED x
        >* PING | PING
        < y\r\n+PONG\r\n)",
       R"(
        started PING
        started PING
        ended PING 0 answered, 14 in, 12 out, 2 2 3, error DENIED
        ended PING 0 answered, 14 in, 7 out, 3 3 3, waited 1)"},
      {"it comes before a transaction", R"(
        < !10\r\nLOADING it\r\n
        >* MULTI | GET user:1 | EXEC
        < -LOADING it\r\n-EXECABORT x\r\n)",
       R"(
        started MULTI
        ended MULTI 0 answered, 15 in, 17 out, 2 2 2, error LOADING
        started EXEC
        started GET
        ended GET 0 answered, 25 in, 13 out, 2 3 3, error LOADING
        ended EXEC 0 answered, 14 in, 14 out, 3 3 3, waited 1, error EXECABORT)"},
      {"nobody asks", R"(
        < -DENIED x\r\n
        >! end
        <! end)",
       R"(
        opaque desynchronized)"},
      {"nobody can ask any more", R"(
        < -DENIED x\r\n
        <! reset)",
       R"(
        opaque desynchronized)"},
      {"two of them", R"(
        < -DENIED x\r\n
        < -DENIED x\r\n)",
       R"(
        opaque desynchronized)"},
      {"half of one", R"(
        < -DENIED x
        <! end
        >* PING)",
       R"(
        started PING
        ended PING 0 upstream_closed, 14 in, 0 out, 3 - 3)"},
      {"behind an answer it is one too many", R"(
        >* PING
        < +PONG\r\n
        < -ERR x\r\n)",
       R"(
        started PING
        ended PING 0 answered, 14 in, 7 out, 1 2 2
        opaque desynchronized)"},
  });
}

TEST(RedisObserver, Closing) {
  ExpectAll({
      {"the client leaves in order, the reply comes", R"(
        >* GET user:1
        >! end
        < $-1\r\n
        <! end)",
       R"(
        started GET
        ended GET 0 answered, 25 in, 5 out, 1 3 3, user 0/1)"},
      {"the client is gone", R"(
        >* GET user:1 | GET user:2
        < $4\r\nab
        >! reset
        <! reset)",
       R"(
        started GET
        started GET
        ended GET 0 client_gone, 25 in, 0 out, 1 2 3
        ended GET 0 client_gone, 25 in, 0 out, 3 - 3, waited 2)"},
      {"the upstream closes before replies", R"(
        >* GET user:1 | GET user:2
        <! end
        >* GET user:3
        >! end)",
       R"(
        started GET
        started GET
        ended GET 0 upstream_closed, 25 in, 0 out, 1 - 2
        ended GET 0 upstream_closed, 25 in, 0 out, 2 - 2, waited 1
        started GET
        ended GET 0 upstream_closed, 13 in, 0 out, 3 - 3)"},
      {"the upstream closes within a reply", R"(
        >* GET user:1 | GET user:2
        < $4\r\nab
        <! end)",
       R"(
        started GET
        started GET
        ended GET 0 response_incomplete, 25 in, 0 out, 1 2 3
        ended GET 0 upstream_closed, 25 in, 0 out, 3 - 3, waited 2)"},
      {"the upstream closes within EXEC's reply", R"(
        >* MULTI | GET user:1 | GET user:2 | EXEC
        < +OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n$1\r\nx\r\n$1
        <! reset)",
       R"(
        started MULTI
        started EXEC
        ended MULTI 0 answered, 15 in, 5 out, 1 2 2
        started GET
        ended GET 0 answered, 25 in, 11 out, 2 2 2, user 1/0
        ended EXEC 0 response_incomplete, 14 in, 0 out, 2 2 3, waited 1)"},
      {"the client was gone first", R"(
        >* GET user:1
        >! end
        <! end)",
       R"(
        started GET
        ended GET 0 client_gone, 25 in, 0 out, 1 - 3)"},
      {"never reached", R"(
        >* GET user:1
        <! connect_refused)",
       R"(
        started GET
        ended GET 0 connect_refused, 25 in, 0 out, 1 - 2)"},
      {"never reached, and known before", R"(
        <! dns
        > *2\r\n$3\r\nGET\r\n
        > $6\r\nuser:1\r\n
        >* GET user:2)",
       R"(
        started GET
        ended GET 0 dns, 13 in, 0 out, 2 - 2
        started GET
        ended GET 0 dns, 13 in, 0 out, 4 - 4)"},
      {"too slow to connect, over the limit", R"(
        >* GET user:1
        <! connect_timeout)",
       R"(
        started GET
        ended GET 0 connect_timeout, 25 in, 0 out, 1 - 2)"},
      {"over the limit", R"(
        >* GET user:1
        <! overloaded)",
       R"(
        started GET
        ended GET 0 overloaded, 25 in, 0 out, 1 - 2)"},
      {"silent", R"(
        >* BLPOP a 0
        < *2\r\n
        <! timeout)",
       R"(
        started BLPOP
        ended BLPOP 0 timeout, 29 in, 0 out, 1 2 3, blocking)"},
      {"we end", R"(
        >* GET user:1 | GET user:2
        < $4\r\nab
        <! shutdown)",
       R"(
        started GET
        started GET
        ended GET 0 unobserved, 25 in, 0 out, 1 2 3
        ended GET 0 unobserved, 25 in, 0 out, 3 - 3, waited 2)"},
      {"within a command", R"(
        > *2\r\n$3\r\nSET\r\n$6\r\nuse
        >! reset)",
       R"(
        started SET
        ended SET 0 client_gone, 20 in, 0 out, 1 - 2)"},
      {"within a name", R"(
        > *2\r\n$3\r\nSE
        >! end
        <! end)",
       R"(
        )"},
  });
}

TEST(RedisObserver, WhatCannotBeReadIsOpaque) {
  ExpectAll({
      {"TLS", R"(
        > \x16\x03\x01\x02\x00\x01)",
       R"(
        opaque not_protocol)"},
      {"a count of -2", R"(
        > *-2\r\n)",
       R"(
        opaque not_protocol)"},
      {"a count beyond 31 bits", R"(
        > *2147483648\r\n)",
       R"(
        opaque not_protocol)"},
      {"a count that is none", R"(
        > *1x\r\n)",
       R"(
        opaque not_protocol)"},
      {"a length of -1", R"(
        > *1\r\n$-1\r\n)",
       R"(
        opaque not_protocol)"},
      {"a length of -2", R"(
        >* PING
        > *2\r\n$4\r\nECHO\r\n$-2\r\n)",
       R"(
        started PING
        started ECHO
        ended PING 0 unobserved, 14 in, 0 out, 1 - 2
        ended ECHO 0 unobserved, 19 in, 0 out, 2 - 2, waited 0
        opaque not_protocol)"},
      {"a length of 2^63", R"(
        > *2\r\n$4\r\nECHO\r\n$9223372036854775808\r\n)",
       R"(
        started ECHO
        ended ECHO 0 unobserved, 36 in, 0 out, 1 - 1
        opaque not_protocol)"},
      {"a length of 20 digits", R"(
        > *2\r\n$4\r\nECHO\r\n$00000000000000000001\r\n)",
       R"(
        started ECHO
        ended ECHO 0 unobserved, 35 in, 0 out, 1 - 1
        opaque not_protocol)"},
      {"a length without digits", R"(
        > *2\r\n$\r\n)",
       R"(
        opaque not_protocol)"},
      {"no bulk string", R"(
        > *1\r\n:1\r\n)",
       R"(
        opaque not_protocol)"},
      {"no line end behind a string", R"(
        > *1\r\n$4\r\nPINGx)",
       R"(
        opaque not_protocol)"},
      {"half a line end behind a string", R"(
        > *2\r\n$4\r\nPING\r\n$1\r\na\rx)",
       R"(
        started PING
        ended PING 0 unobserved, 21 in, 0 out, 1 - 1
        opaque not_protocol)"},
      {"replies of -2", R"(
        >* GET user:1
        < $-2\r\n)",
       R"(
        started GET
        ended GET 0 unobserved, 25 in, 0 out, 1 2 2
        opaque not_protocol)"},
      {"a reply's length of 2^63", R"(
        >* GET user:1
        < $9223372036854775808\r\n)",
       R"(
        started GET
        ended GET 0 unobserved, 25 in, 0 out, 1 2 2
        opaque not_protocol)"},
      {"a reply's count of -2", R"(
        >* GET user:1
        < *-2\r\n)",
       R"(
        started GET
        ended GET 0 unobserved, 25 in, 0 out, 1 2 2
        opaque not_protocol)"},
      {"a reply's count of 2^31", R"(
        >* GET user:1
        < %2147483648\r\n)",
       R"(
        started GET
        ended GET 0 unobserved, 25 in, 0 out, 1 2 2
        opaque not_protocol)"},
      {"a null set", R"(
        >* GET user:1
        < ~-1\r\n)",
       R"(
        started GET
        ended GET 0 unobserved, 25 in, 0 out, 1 2 2
        opaque not_protocol)"},
      {"a null with something in it", R"(
        >* GET user:1
        < _x\r\n)",
       R"(
        started GET
        ended GET 0 unobserved, 25 in, 0 out, 1 2 2
        opaque not_protocol)"},
      {"a boolean of two letters", R"(
        >* GET user:1
        < #tt\r\n)",
       R"(
        started GET
        ended GET 0 unobserved, 25 in, 0 out, 1 2 2
        opaque not_protocol)"},
      {"an integer that is none", R"(
        >* GET user:1
        < :1.5\r\n)",
       R"(
        started GET
        ended GET 0 unobserved, 25 in, 0 out, 1 2 2
        opaque not_protocol)"},
      {"a line end of half", R"(
        >* GET user:1
        < +OK\rx)",
       R"(
        started GET
        ended GET 0 unobserved, 25 in, 0 out, 1 2 2
        opaque not_protocol)"},
      {"a string without line end", R"(
        >* GET user:1
        < $1\r\nxy)",
       R"(
        started GET
        ended GET 0 unobserved, 25 in, 0 out, 1 2 2
        opaque not_protocol)"},
      {"a streamed array", R"(
        >* KEYS *
        < *?\r\n)",
       R"(
        started KEYS
        ended KEYS 0 unobserved, 21 in, 0 out, 1 2 2
        opaque not_protocol)"},
      {"a streamed string", R"(
        >* GET user:1
        < $?\r\n)",
       R"(
        started GET
        ended GET 0 unobserved, 25 in, 0 out, 1 2 2
        opaque not_protocol)"},
      {"a push within an array", R"(
        >* GET user:1
        < *1\r\n>1\r\n+x\r\n)",
       R"(
        started GET
        ended GET 0 unobserved, 25 in, 0 out, 1 2 2
        opaque not_protocol)"},
      {"a type that is none", R"(
        >* GET user:1
        < @\r\n)",
       R"(
        started GET
        ended GET 0 unobserved, 25 in, 0 out, 1 2 2
        opaque not_protocol)"},
      {"a reply before it was asked for", R"(
        < +OK\r\n
        >* PING)",
       R"(
        opaque desynchronized)"},
      {"one reply too many", R"(
        >* PING
        < +PONG\r\n+PONG\r\n)",
       R"(
        started PING
        ended PING 0 answered, 14 in, 7 out, 1 2 2
        opaque desynchronized)"},
  });
}

// Feeds one direction after the other, whole and in pieces, and returns what was written down.
std::string PlayLarge(const std::string& request, const std::string& response) {
  Steps steps(2);
  steps[0].bytes = request;
  steps[1].direction = Direction::kResponse;
  steps[1].bytes = response;
  std::string whole = Play(steps, FeedWhole);
  const std::string pieces = Play(steps, [](size_t, const Step& step, const auto& show, const auto&) {
    for (size_t i = 0; i < step.bytes.size(); i += 4093) show(std::string_view(step.bytes).substr(i, 4093));
  });
  EXPECT_EQ(whole, pieces);
  return whole;
}

std::string Repeat(std::string_view text, size_t times) {
  std::string all;
  for (size_t i = 0; i < times; ++i) all += text;
  return all;
}

TEST(RedisObserver, LimitsOnInlineCommands) {
  const std::string most(RequestParser::kMaxInline, 'x');
  EXPECT_EQ(PlayLarge(most + "\r\n", "+OK\r\n"),
            "started _OTHER\nended _OTHER 0 answered, 65538 in, 5 out, 1 2 2\n");
  EXPECT_EQ(PlayLarge(most + "x\r\n", ""), "opaque limit\n");
  EXPECT_EQ(PlayLarge(Repeat(most, 10), ""), "opaque limit\n");
}

TEST(RedisObserver, LimitsOnNesting) {
  const std::string ping = EncodeCommands("PING");
  const std::string answered = "started PING\nended PING 0 answered, 14 in, ";
  const std::string unobserved = "started PING\nended PING 0 unobserved, 14 in, 0 out, 1 2 2\nopaque limit\n";
  EXPECT_EQ(PlayLarge(ping, Repeat("*1\r\n", ReplyParser::kMaxDepth) + "+OK\r\n"),
            answered + "517 out, 1 2 2\n");
  EXPECT_EQ(PlayLarge(ping, Repeat("*1\r\n", ReplyParser::kMaxDepth + 1)), unobserved);
  EXPECT_EQ(PlayLarge(ping, Repeat("*2\r\n", 10'000)), unobserved);
  EXPECT_EQ(PlayLarge(ping, Repeat("|1\r\n", 10'000)), unobserved);
  EXPECT_EQ(PlayLarge(ping, Repeat("%1\r\n~1\r\n", 10'000)), unobserved);
  // Attributes without content, one behind the other, are no nesting.
  EXPECT_EQ(PlayLarge(ping, Repeat("|0\r\n", 10'000) + "+OK\r\n"), answered + "40005 out, 1 2 2\n");
}

TEST(RedisObserver, LimitsOnThePipeline) {
  const std::string ping = EncodeCommands("PING");
  const std::string most =
      PlayLarge(Repeat(ping, PendingQueue::kMaxCommands), Repeat("+PONG\r\n", PendingQueue::kMaxCommands));
  EXPECT_EQ(most.find("opaque"), std::string::npos);
  EXPECT_EQ(std::count(most.begin(), most.end(), '\n'), static_cast<long>(2 * PendingQueue::kMaxCommands));
  EXPECT_TRUE(most.ends_with("ended PING 0 answered, 14 in, 7 out, 2 2 2, waited 1\n"));

  const std::string over = PlayLarge(Repeat(ping, PendingQueue::kMaxCommands + 1), "");
  EXPECT_TRUE(over.ends_with("unobserved, 14 in, 0 out, 1 - 1, waited 0\nopaque limit\n"))
      << over.substr(over.size() - 100);

  // A transaction of any length, sent command by command.
  const std::string multi = EncodeCommands("MULTI");
  std::string text = PlayLarge(multi + Repeat(ping, 100), "+OK\r\n" + Repeat("+QUEUED\r\n", 100));
  EXPECT_EQ(text, "started MULTI\nended MULTI 0 answered, 15 in, 5 out, 1 2 2\n");
  Steps steps;
  for (const size_t n : {PendingQueue::kMaxCommands - 1, size_t{2}}) {
    steps.push_back({Direction::kRequest, (steps.empty() ? multi : "") + Repeat(ping, n)});
    steps.push_back({Direction::kResponse, (steps.size() == 1 ? "+OK\r\n" : "") + Repeat("+QUEUED\r\n", n)});
  }
  text = Play(steps, FeedWhole);
  EXPECT_EQ(text, "started MULTI\nended MULTI 0 answered, 15 in, 5 out, 1 2 2\nopaque limit\n");
}

// Gives each key a keyspace of its own, by the number that it is.
class NumberingSink final : public CheckingSink {
 public:
  void Ended(const Exchange& e) override {
    CheckingSink::Ended(e);
    cache.assign(e.cache.begin(), e.cache.end());
  }
  uint32_t Keyspace(std::string_view key) override {
    return static_cast<uint32_t>(std::strtoul(std::string(key).c_str(), nullptr, 10));
  }
  std::vector<CacheLookup> cache;
};

std::vector<CacheLookup> LookedUp(size_t keys, size_t keyspaces) {
  std::string request = "*" + std::to_string(keys + 1) + "\r\n$4\r\nMGET\r\n";
  std::string reply = "*" + std::to_string(keys) + "\r\n";
  for (size_t i = 0; i < keys; ++i) {
    const std::string key = std::to_string(i % keyspaces + 1);
    request += "$" + std::to_string(key.size()) + "\r\n" + key + "\r\n";
    reply += i % 4 == 0 ? "$-1\r\n" : "$1\r\nx\r\n";
  }
  NumberingSink sink;
  const auto observer = MakeObserver(sink);
  observer->OnBytes(Direction::kRequest, request, TimePoint());
  observer->OnBytes(Direction::kResponse, reply, TimePoint());
  sink.CheckAllEnded();
  return sink.cache;
}

TEST(RedisObserver, LimitsOnKeyspaces) {
  const struct {
    size_t keys;
    size_t keyspaces;
    size_t want;
    uint64_t want_other;  // keys under no keyspace
  } rows[] = {
      {63, 63, 63, 0},
      {64, 64, 64, 1},
      {1000, 100, 64, 370},
      {100'000, 63, 64, 100'000 - PendingQueue::kMaxRunsOfOne - 2},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.keys);
    const std::vector<CacheLookup> got = LookedUp(row.keys, row.keyspaces);
    EXPECT_EQ(got.size(), row.want);
    uint64_t hits = 0, misses = 0, other = 0;
    for (const CacheLookup& lookup : got) {
      hits += lookup.hits;
      misses += lookup.misses;
      if (lookup.keyspace == 0) other += lookup.hits + lookup.misses;
    }
    EXPECT_EQ(misses, (row.keys + 3) / 4);
    EXPECT_EQ(hits + misses, row.keys);
    EXPECT_EQ(other, row.want_other);
  }
}

TEST(RedisPendingQueue, KeepsTheKeysOfEachCommand) {
  PendingQueue queue;
  const auto push = [&](uint32_t i) {
    queue.Push().argument = i;
    for (uint32_t key = 0; key < i % 5; ++key) queue.AddKey(i + key / 2);
  };
  for (uint32_t i = 0; i < 20; ++i) push(i);
  for (uint32_t i = 20; i < 5000; ++i) {
    push(i);
    const uint32_t front = i - 20;
    ASSERT_EQ(queue.front().argument, front);
    ASSERT_EQ(queue.FrontKeys(), front % 5);
    if (front % 5 > 2) {
      EXPECT_EQ(queue.FrontRun(0).keyspace, front);
      EXPECT_EQ(queue.FrontRun(0).keys, 2u);
      EXPECT_EQ(queue.FrontRun(1).keyspace, front + 1);
      EXPECT_EQ(queue.FrontRun(9).keyspace, front + 1);
    }
    PendingQueue other;
    other.Push();
    other.AddKey(7);
    other.AddKey(8);
    other.PushFrontOf(queue);
    other.Pop();
    ASSERT_EQ(other.FrontKeys(), front % 5);
    queue.Pop();
    ASSERT_EQ(queue.size(), 20u);
  }
  while (!queue.empty()) queue.Pop();
}

TEST(RedisObserver, SaysWhatMayBeSkipped) {
  constexpr uint64_t kAll = Observer::kEverything;
  constexpr Direction request = Direction::kRequest;
  constexpr Direction response = Direction::kResponse;
  CheckingSink sink;
  const auto observer = MakeObserver(sink);
  const auto show = [&](Direction direction, std::string_view bytes) {
    observer->OnBytes(direction, bytes, At(0));
  };
  EXPECT_EQ(observer->Skippable(request), 0u);
  EXPECT_EQ(observer->Skippable(response), 0u);
  show(request, "*3\r\n$3\r\nSET\r\n");
  EXPECT_FALSE(observer->InRequestHead());
  EXPECT_TRUE(observer->AwaitingResponse());
  show(request, "$3\r\nkey\r\n$1000000\r\nabc");
  EXPECT_EQ(observer->Skippable(request), 999'997u);
  observer->OnSkipped(request, 999'997, At(0));
  EXPECT_EQ(observer->Skippable(request), 0u);
  show(request, "\r\n*2\r\n$3\r\nGE");
  EXPECT_TRUE(observer->InRequestHead());
  // Of a key that is looked up, the first bytes are wanted.
  show(request, "T\r\n$500\r\n");
  EXPECT_FALSE(observer->InRequestHead());
  EXPECT_EQ(observer->Skippable(request), 0u);
  show(request, std::string(RequestParser::kMaxKept, 'k'));
  EXPECT_EQ(observer->Skippable(request), 500 - RequestParser::kMaxKept);
  observer->OnSkipped(request, 500 - RequestParser::kMaxKept, At(0));
  show(request, "\r\n");
  show(response, "+OK\r\n$5000000000\r\n");
  EXPECT_EQ(observer->Skippable(response), 5'000'000'000u);
  observer->OnSkipped(response, 4'999'999'999u, At(0));
  EXPECT_EQ(observer->Skippable(response), 1u);
  show(response, "x\r\n");
  EXPECT_FALSE(observer->AwaitingResponse());
  show(request, "*1\r\n$7\r\nMONITOR\r\n");
  show(response, "+OK\r\n");
  EXPECT_EQ(observer->Skippable(request), kAll);
  EXPECT_EQ(observer->Skippable(response), kAll);
}

}  // namespace
}  // namespace sidelight::redis
