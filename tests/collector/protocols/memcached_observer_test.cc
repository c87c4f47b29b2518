// Conversations, and what the observer makes of them. The scripts are those of conversation.h, and
// `{get 7 key}` in them stands for a binary packet: a request in a line of the client's, else a response; its
// opcode by name, its opaque, and then key=, value=, extras= (how many zero bytes), status=.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <sstream>
#include <string>

#include "collector/protocols/memcached/line.h"
#include "collector/protocols/memcached/observer.h"
#include "collector/protocols/memcached/pending.h"
#include "tests/collector/protocols/conversation.h"

namespace sidelight::memcached {
namespace {

using namespace conversation;

// Writes down what it is told, a line each:
//     started get
//     ended get answered, 0 in, 5 out, 1 2 3, a: 1 hit 0 miss       (start, first byte or -, end)
//     ended get answered ERROR, 0 in, 0 out, 3 4 5, waited 2
//     opaque not_protocol
// A key's keyspace is its first letter; keys that begin with '-' have none.
class Recorder final : public RecordingSink {
 public:
  void Started(const Exchange& e) override {
    RecordingSink::Started(e);
    out() << "started " << e.operation << "\n";
  }

  void Ended(const Exchange& e) override {
    RecordingSink::Ended(e);
    out() << "ended " << e.operation << " " << NameOf(e.outcome) << (e.error.empty() ? "" : " ") << e.error
          << ", " << e.request_bytes << " in, " << e.response_bytes << " out, ";
    WriteTimes(e);
    for (const CacheLookup& one : e.cache) {
      out() << ", " << (one.keyspace == 0 ? '-' : static_cast<char>(one.keyspace)) << ": " << one.hits
            << " hit " << one.misses << " miss";
    }
    out() << "\n";
  }

  uint32_t Keyspace(std::string_view key) override {
    return key.empty() || key[0] == '-' ? 0 : static_cast<unsigned char>(key[0]);
  }
};

// The numbers of protocol-binary.txt.
const std::map<std::string, uint8_t> kOpcodes = {
    {"get", 0x00},       {"set", 0x01},       {"add", 0x02},       {"replace", 0x03}, {"delete", 0x04},
    {"increment", 0x05}, {"quit", 0x07},      {"flush", 0x08},     {"getq", 0x09},    {"noop", 0x0a},
    {"version", 0x0b},   {"getk", 0x0c},      {"getkq", 0x0d},     {"append", 0x0e},  {"stat", 0x10},
    {"setq", 0x11},      {"deleteq", 0x14},   {"quitq", 0x17},     {"touch", 0x1c},   {"gat", 0x1d},
    {"gatq", 0x1e},      {"sasl_auth", 0x21}, {"sasl_step", 0x22}, {"gatk", 0x23},    {"gatkq", 0x24},
    {"unknown", 0x7f}};

std::string Big(uint64_t number, int bytes) {
  std::string out;
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(number >> (8 * i) & 0xff);
  return out;
}

std::string Packet(bool request, const std::string& description) {
  std::istringstream in(description);
  std::string name;
  uint32_t opaque = 0;
  in >> name >> opaque;
  std::string extras;
  std::string key;
  std::string value;
  uint16_t status = 0;
  for (std::string word; in >> word;) {
    const size_t equals = word.find('=');
    const std::string what = word.substr(0, equals);
    const std::string is = word.substr(equals + 1);
    if (what == "key") key = is;
    if (what == "value") value = is;
    if (what == "extras") extras.assign(std::strtoul(is.c_str(), nullptr, 10), '\0');
    if (what == "status") status = static_cast<uint16_t>(std::strtoul(is.c_str(), nullptr, 16));
  }
  EXPECT_TRUE(kOpcodes.contains(name)) << "no such opcode: " << name;
  return Big(request ? 0x80 : 0x81, 1) + Big(kOpcodes.at(name), 1) + Big(key.size(), 2) +
         Big(extras.size(), 1) + Big(0, 1) + Big(status, 2) +
         Big(extras.size() + key.size() + value.size(), 4) + Big(opaque, 4) + Big(0, 8) + extras + key +
         value;
}

std::string EncodeLine(std::string_view line) {
  const bool request = line[0] == '>';
  std::string out;
  for (size_t i = 2; i < line.size(); ++i) {
    if (line[i] == '{') {
      const size_t end = line.find('}', i);
      out += Packet(request, std::string(line.substr(i + 1, end - i - 1)));
      i = end;
    } else if (line[i] == '\\') {
      i = AppendEscape(line, i, out);
    } else {
      out += line[i];
    }
  }
  return out;
}

std::string Play(const Steps& steps, const Feed& feed) {
  Recorder recorder;
  const auto observer = MakeObserver(recorder);
  conversation::Play(steps, feed, *observer, recorder);
  return recorder.text();
}

std::string PlayWhole(const Steps& steps) {
  return Play(steps, FeedWhole);
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

TEST(MemcachedObserver, Lookups) {
  ExpectAll({
      {"a hit and a miss", R"(
        > get u1\r\n
        < VALUE u1 0 5\r\nhello\r\nEND\r\n
        > get u1\r\n
        < END\r\n)",
       R"(
        started get
        ended get answered, 0 in, 5 out, 1 2 2, u: 1 hit 0 miss
        started get
        ended get answered, 0 in, 0 out, 3 4 4, u: 0 hit 1 miss)"},
      {"many keys, each counted for its keyspace", R"(
        > get u1 o1 u2 -x u3\r\n
        < VALUE o1 0 1\r\n1\r\nVALUE u3 0 0\r\n
        < \r\nEND\r\n)",
       R"(
        started get
        ended get answered, 0 in, 1 out, 1 2 3, u: 1 hit 2 miss, o: 1 hit 0 miss, -: 0 hit 1 miss)"},
      {"a key asked for twice is two lookups", R"(
        > gets u1 u1\r\n
        < VALUE u1 0 1 77\r\n1\r\nVALUE u1 0 1 77\r\n1\r\nEND\r\n)",
       R"(
        started gets
        ended gets answered, 0 in, 2 out, 1 2 2, u: 2 hit 0 miss)"},
      {"answers in another order", R"(
        > get a b c\r\n
        < VALUE c 0 1\r\n1\r\nVALUE a 0 1\r\n1\r\nEND\r\n)",
       R"(
        started get
        ended get answered, 0 in, 2 out, 1 2 2, a: 1 hit 0 miss, b: 0 hit 1 miss, c: 1 hit 0 miss)"},
      {"get and touch", R"(
        > gat 60 a b\r\ngats 60 a\r\n
        < VALUE b 0 1\r\n1\r\nEND\r\nEND\r\n)",
       R"(
        started gat
        started gats
        ended gat answered, 0 in, 1 out, 1 2 2, a: 0 hit 1 miss, b: 1 hit 0 miss
        ended gats answered, 0 in, 0 out, 2 2 2, waited 1, a: 0 hit 1 miss)"},
      {"a value that looks like an answer", R"(
        > get a\r\n
        < VALUE a 0 12\r\nEND\r\nVALUE a\r\nEND\r\n)",
       R"(
        started get
        ended get answered, 0 in, 12 out, 1 2 2, a: 1 hit 0 miss)"},
      {"an error tells nothing of the keys", R"(
        > get\r\nget a b\r\n
        < ERROR\r\nVALUE a 0 1\r\n1\r\nSERVER_ERROR out of memory writing get response\r\n)",
       R"(
        started get
        started get
        ended get answered ERROR, 0 in, 0 out, 1 2 2
        ended get answered SERVER_ERROR, 0 in, 1 out, 2 2 2, waited 1)"},
      {"lines that end with LF only", R"(
        > get a\n
        < END\n)",
       R"(
        started get
        ended get answered, 0 in, 0 out, 1 2 2, a: 0 hit 1 miss)"},
  });
}

TEST(MemcachedObserver, OtherCommands) {
  ExpectAll({
      {"storing", R"(
        > set a 0 0 5\r\nhe
        > llo\r\n
        < STORED\r\n
        > add a 0 0 2\r\nxy\r\nreplace a 0 0 0\r\n\r\nappend a 0 0 1\r\nx\r\nprepend a 0 0 1\r\nx\r\n
        < NOT_STORED\r\nSTORED\r\nSTORED\r\nNOT_STORED\r\n
        > cas a 0 -1 1 77\r\nx\r\ncas a 0 0 1 77 \r\nx\r\n
        < EXISTS\r\nNOT_FOUND\r\n)",
       R"(
        started set
        ended set answered, 5 in, 0 out, 1 3 3
        started add
        started replace
        started append
        started prepend
        ended add answered, 2 in, 0 out, 4 5 5
        ended replace answered, 0 in, 0 out, 5 5 5, waited 1
        ended append answered, 1 in, 0 out, 5 5 5, waited 1
        ended prepend answered, 1 in, 0 out, 5 5 5, waited 1
        started cas
        started cas
        ended cas answered, 1 in, 0 out, 6 7 7
        ended cas answered, 1 in, 0 out, 7 7 7, waited 1)"},
      {"the rest", R"(
        > delete a\r\nincr a 1\r\ndecr a 1\r\ntouch a 0\r\nversion\r\nverbosity 1\r\nflush_all\r\n
        < DELETED\r\n12\r\nNOT_FOUND\r\nTOUCHED\r\nVERSION 1.6.18\r\nOK\r\nOK\r\n)",
       R"(
        started delete
        started incr
        started decr
        started touch
        started version
        started verbosity
        started flush_all
        ended delete answered, 0 in, 0 out, 1 2 2
        ended incr answered, 0 in, 0 out, 2 2 2, waited 1
        ended decr answered, 0 in, 0 out, 2 2 2, waited 1
        ended touch answered, 0 in, 0 out, 2 2 2, waited 1
        ended version answered, 0 in, 0 out, 2 2 2, waited 1
        ended verbosity answered, 0 in, 0 out, 2 2 2, waited 1
        ended flush_all answered, 0 in, 0 out, 2 2 2, waited 1)"},
      {"dumps", R"(
        > stats\r\n
        < STAT pid 1\r\nSTAT uptime 2\r\n
        < END\r\n
        > stats reset\r\nstats detail on\r\nlru_crawler metadump all\r\nlru_crawler enable\r\n
        < RESET\r\nOK\r\nkey=a exp=-1 la=1\r\nEND\r\nOK\r\n)",
       R"(
        started stats
        ended stats answered, 0 in, 0 out, 1 2 3
        started stats
        started stats
        started lru_crawler
        started lru_crawler
        ended stats answered, 0 in, 0 out, 4 5 5
        ended stats answered, 0 in, 0 out, 5 5 5, waited 1
        ended lru_crawler answered, 0 in, 0 out, 5 5 5, waited 1
        ended lru_crawler answered, 0 in, 0 out, 5 5 5, waited 1)"},
      {"errors", R"(
        > nonsense u1\r\n\r\nincr a 1\r\nset a 0 0 1\r\nxyz\r\n
        < ERROR\r\nERROR\r\nCLIENT_ERROR cannot increment or decrement non-numeric value\r\n
        < CLIENT_ERROR bad data chunk\r\nERROR\r\n)",
       R"(
        started _OTHER
        started _OTHER
        started incr
        started set
        started _OTHER
        ended _OTHER answered ERROR, 0 in, 0 out, 1 2 2
        ended _OTHER answered ERROR, 0 in, 0 out, 2 2 2, waited 1
        ended incr answered CLIENT_ERROR, 0 in, 0 out, 2 2 2, waited 1
        ended set answered CLIENT_ERROR, 1 in, 0 out, 2 3 3, waited 1
        ended _OTHER answered ERROR, 0 in, 0 out, 3 3 3, waited 2)"},
      {"a refused value comes all the same", R"(
        > set a 0 0 9\r\nabc
        < SERVER_ERROR object too large for cache\r\n
        > defghi\r\nget a\r\n
        < END\r\n)",
       R"(
        started set
        ended set answered SERVER_ERROR, 9 in, 0 out, 1 2 2
        started get
        ended get answered, 0 in, 0 out, 3 4 4, a: 0 hit 1 miss)"},
      {"watching makes a log of the connection", R"(
        > watch fetchers\r\n
        < OK\r\n
        < ts=1 gid=1 type=item_get key=a\r\n)",
       R"(
        started watch
        ended watch answered, 0 in, 0 out, 1 2 2
        opaque upgraded)"},
  });
}

TEST(MemcachedObserver, NoReply) {
  ExpectAll({
      {"nothing is awaited", R"(
        > set a 0 0 2 noreply\r\nx
        > y\r\n
        > delete a noreply\r\nincr a 1 noreply\r\ntouch a 0 noreply\r\nflush_all noreply\r\n
        > get a\r\n
        < END\r\n)",
       R"(
        started set
        ended set answered, 2 in, 0 out, 1 - 2
        started delete
        ended delete answered, 0 in, 0 out, 3 - 3
        started incr
        ended incr answered, 0 in, 0 out, 3 - 3
        started touch
        ended touch answered, 0 in, 0 out, 3 - 3
        started flush_all
        ended flush_all answered, 0 in, 0 out, 3 - 3
        started get
        ended get answered, 0 in, 0 out, 4 5 5, a: 0 hit 1 miss)"},
      {"noreply may be a key", R"(
        > delete noreply\r\nget noreply\r\n
        < NOT_FOUND\r\nEND\r\n)",
       R"(
        started delete
        started get
        ended delete answered, 0 in, 0 out, 1 2 2
        ended get answered, 0 in, 0 out, 2 2 2, waited 1, n: 0 hit 1 miss)"},
      {"an error comes all the same", R"(
        > set a 0 0 2 noreply\r\nxy\r\n
        < SERVER_ERROR out of memory storing object\r\n
        > get a\r\n
        < END\r\n)",
       R"(
        started set
        ended set answered, 2 in, 0 out, 1 - 1
        started get
        ended get answered, 0 in, 0 out, 3 4 4, a: 0 hit 1 miss)"},
      {"quit", R"(
        > version\r\nquit\r\n
        < VERSION 1\r\n
        <! end
        >! end)",
       R"(
        started version
        started quit
        ended quit answered, 0 in, 0 out, 1 - 1
        ended version answered, 0 in, 0 out, 1 2 2)"},
  });
}

TEST(MemcachedObserver, MetaCommands) {
  ExpectAll({
      {"get", R"(
        > mg u1 v\r\nmg u1\r\nmg u1 v\r\nmg u1 s v\r\n
        < VA 2 t-1\r\nxy\r\nHD\r\nEN\r\nVA 0 s0\r\n\r\n)",
       R"(
        started mg
        started mg
        started mg
        started mg
        ended mg answered, 0 in, 2 out, 1 2 2, u: 1 hit 0 miss
        ended mg answered, 0 in, 0 out, 2 2 2, waited 1, u: 1 hit 0 miss
        ended mg answered, 0 in, 0 out, 2 2 2, waited 1, u: 0 hit 1 miss
        ended mg answered, 0 in, 0 out, 2 2 2, waited 1, u: 1 hit 0 miss)"},
      {"a key in base64", R"(
        > mg dTE= b\r\n
        < HD\r\n)",
       R"(
        started mg
        ended mg answered, 0 in, 0 out, 1 2 2, u: 1 hit 0 miss)"},
      {"the others", R"(
        > ms a 2 T0\r\nxy\r\nmd a\r\nma a v\r\nme a\r\nmn\r\nms a x\r\n
        < HD\r\nNF\r\nVA 2\r\n12\r\nME a exp=-1\r\nMN\r\nCLIENT_ERROR bad data chunk\r\n)",
       R"(
        started ms
        started md
        started ma
        started me
        started mn
        started ms
        ended ms answered, 2 in, 0 out, 1 2 2
        ended md answered, 0 in, 0 out, 2 2 2, waited 1
        ended ma answered, 0 in, 2 out, 2 2 2, waited 1
        ended me answered, 0 in, 0 out, 2 2 2, waited 1
        ended mn answered, 0 in, 0 out, 2 2 2, waited 1
        ended ms answered CLIENT_ERROR, 0 in, 0 out, 2 2 2, waited 1)"},
      {"quiet ones are told by what comes after", R"(
        > mg a v k q\r\nmg b v k q\r\nmg c v k q\r\nmn\r\n
        < VA 1 kb\r\nx\r\n
        < MN\r\n)",
       R"(
        started mn
        started mg
        ended mg answered, 0 in, 0 out, 1 2 2, a: 0 hit 1 miss
        started mg
        ended mg answered, 0 in, 1 out, 1 2 2, waited 0, b: 1 hit 0 miss
        started mg
        ended mg answered, 0 in, 0 out, 2 3 3, waited 1, c: 0 hit 1 miss
        ended mn answered, 0 in, 0 out, 2 3 3, waited 1)"},
      {"quiet ones told apart by their opaque", R"(
        > mg a O1 q\r\nmg b O2 q\r\nms c 1 O3 q\r\nx\r\nmd d O4 q\r\nma e O5 q\r\nmn\r\n
        < HD O2\r\nNF O4\r\nMN\r\n)",
       R"(
        started mn
        started mg
        ended mg answered, 0 in, 0 out, 1 2 2, a: 0 hit 1 miss
        started mg
        ended mg answered, 0 in, 0 out, 1 2 2, waited 0, b: 1 hit 0 miss
        started ms
        ended ms answered, 1 in, 0 out, 2 2 2, waited 1
        started md
        ended md answered, 0 in, 0 out, 2 2 2, waited 1
        started ma
        ended ma answered, 0 in, 0 out, 2 2 2, waited 1
        ended mn answered, 0 in, 0 out, 2 2 2, waited 1)"},
      {"an answer to another than was asked", R"(
        > mg a O1\r\n
        < HD O2\r\n)",
       R"(
        started mg
        ended mg unobserved, 0 in, 0 out, 1 - 2
        opaque desynchronized)"},
  });
}

TEST(MemcachedObserver, Binary) {
  ExpectAll({
      {"a lookup", R"(
        > {get 1 key=u1}
        < {get 1 extras=4 value=hello}
        > {getk 2 key=u1}
        < {getk 2 status=1 key=u1}
        > {gat 2 extras=4 key=o1}
        < {gat 2 extras=4})",
       R"(
        started get
        ended get answered, 0 in, 5 out, 1 2 2, u: 1 hit 0 miss
        started get
        ended get answered, 0 in, 0 out, 3 4 4, u: 0 hit 1 miss
        started gat
        ended gat answered, 0 in, 0 out, 5 6 6, o: 1 hit 0 miss)"},
      {"the others", R"(
        > {set 1 extras=8 key=a value=xyz}{delete 2 key=a}{increment 3 extras=20 key=a}{unknown 4}{version 5}
        < {set 1}{delete 2 status=1 value=NotFound}{increment 3 status=6 value=Non-numeric}
        < {unknown 4 status=81}{version 5 value=1.6.18})",
       R"(
        started set
        started delete
        started incr
        started _OTHER
        started version
        ended set answered, 3 in, 0 out, 1 2 2
        ended delete answered, 0 in, 0 out, 2 2 2, waited 1
        ended incr answered DELTA_BADVAL, 0 in, 0 out, 2 2 2, waited 1
        ended _OTHER answered UNKNOWN_COMMAND, 0 in, 0 out, 2 3 3, waited 1
        ended version answered, 0 in, 6 out, 3 3 3, waited 2)"},
      {"quiet lookups are told by what comes after", R"(
        > {getkq 1 key=a}{getkq 2 key=b}{gatkq 3 extras=4 key=c}{noop 4}
        < {getkq 2 extras=4 key=b value=x}
        < {noop 4})",
       R"(
        started noop
        started get
        ended get answered, 0 in, 0 out, 1 2 2, a: 0 hit 1 miss
        started get
        ended get answered, 0 in, 1 out, 1 2 2, waited 0, b: 1 hit 0 miss
        started gat
        ended gat answered, 0 in, 0 out, 2 3 3, waited 1, c: 0 hit 1 miss
        ended noop answered, 0 in, 0 out, 2 3 3, waited 1)"},
      {"a quiet store that fails", R"(
        > {setq 1 extras=8 key=a value=x}{setq 2 extras=8 key=b value=y}{get 3 key=a}
        < {setq 2 status=3}{get 3 extras=4 value=x})",
       R"(
        started get
        started set
        ended set answered, 1 in, 0 out, 1 2 2
        started set
        ended set answered E2BIG, 1 in, 0 out, 1 2 2, waited 0
        ended get answered, 0 in, 1 out, 2 2 2, waited 1, a: 1 hit 0 miss)"},
      {"quiet ones keep nobody's clock", R"(
        > {setq 1 extras=8 key=a value=x}
        > {get 2 key=a}
        < {get 2 extras=4 value=x})",
       R"(
        started get
        started set
        ended set answered, 1 in, 0 out, 1 3 3
        ended get answered, 0 in, 1 out, 2 3 3, waited 0, a: 1 hit 0 miss)"},
      {"statistics end with an empty packet", R"(
        > {stat 1}
        < {stat 1 key=pid value=1}{stat 1 key=uptime value=22}
        < {stat 1}
        > {stat 2 key=nonsense}
        < {stat 2 status=1})",
       R"(
        started stats
        ended stats answered, 0 in, 3 out, 1 2 3
        started stats
        ended stats answered, 0 in, 0 out, 4 5 5)"},
      {"authentication", R"(
        > {sasl_auth 1 key=PLAIN value=secret}
        < {sasl_auth 1 status=21 value=more}
        > {sasl_step 1 key=PLAIN value=secret}
        < {sasl_step 1 status=20 value=no})",
       R"(
        started sasl_auth
        ended sasl_auth answered, 6 in, 0 out, 1 2 2
        started sasl_step
        ended sasl_step answered AUTH_ERROR, 6 in, 0 out, 3 4 4)"},
      {"quit, with success told by the end", R"(
        > {setq 1 extras=8 key=a value=x}{quitq 2}
        <! end)",
       R"(
        started quit
        ended quit answered, 0 in, 0 out, 1 - 1
        started set
        ended set answered, 1 in, 0 out, 1 2 2)"},
      {"quiet ones of which nothing was heard", R"(
        > {setq 1 extras=8 key=a value=x}
        >! end
        <! end)",
       R"(
        started set
        ended set unobserved, 1 in, 0 out, 1 - 3)"},
  });
}

TEST(MemcachedObserver, WhenASideIsClosed) {
  ExpectAll({
      {"before the answer", "> get a\\r\\n\n<! end",
       "started get\nended get upstream_closed, 0 in, 0 out, 1 - 2"},
      {"within the answer", "> get a\\r\\n\n< VAL\n<! reset",
       "started get\nended get response_incomplete, 0 in, 0 out, 1 2 3"},
      {"two wait", "> get a\\r\\nget b\\r\\n\n< VALUE a 0 9\\r\\nabc\n<! end", R"(
        started get
        started get
        ended get response_incomplete, 0 in, 9 out, 1 2 3
        ended get upstream_closed, 0 in, 0 out, 3 - 3, waited 2)"},
      {"the client leaves", "> get a\\r\\n\n>! reset",
       "started get\nended get client_gone, 0 in, 0 out, 1 - 2"},
      {"the client leaves in order, then the server", "> get a\\r\\n\n>! end\n<! end",
       "started get\nended get client_gone, 0 in, 0 out, 1 - 3"},
      {"the answer to a client that said it all", "> get a\\r\\n\n>! end\n< END\\r\\n\n<! end",
       "started get\nended get answered, 0 in, 0 out, 1 3 3, a: 0 hit 1 miss"},
      {"never reached", "<! connect_refused\n> get a\\r\\n\n> set a 0 0 1 noreply\\r\\nx\\r\\n", R"(
        started get
        ended get connect_refused, 0 in, 0 out, 2 - 2
        started set
        ended set connect_refused, 1 in, 0 out, 3 - 3)"},
      {"never reached, quiet", "> {getq 1 key=a}\n<! connect_timeout",
       "started get\nended get connect_timeout, 0 in, 0 out, 1 - 2"},
      {"silence", "> get a\\r\\n\n<! timeout", "started get\nended get timeout, 0 in, 0 out, 1 - 2"},
      {"draining", "> get a\\r\\n\n<! shutdown", "started get\nended get unobserved, 0 in, 0 out, 1 - 2"},
      {"half a command", "> set a 0 0\n>! end\n<! end", ""},
  });
}

TEST(MemcachedObserver, WhatIsNoMemcached) {
  ExpectAll({
      {"HTTP", "> GET / HTTP/1.1\\r\\n", "opaque not_protocol"},
      {"Redis", "> *1\\r\\n$4\\r\\nPING\\r\\n", "opaque not_protocol"},
      {"TLS", "> \\x16\\x03\\x01", "opaque not_protocol"},
      {"a response from the client", "> \\x81\\0", "opaque not_protocol"},
      {"text behind binary", "> {noop 1}get a\\r\\n",
       "started noop\nended noop unobserved, 0 in, 0 out, 1 - 1\nopaque not_protocol"},
      {"a key longer than its packet",
       "> \\x80\\0\\0\\x05\\0\\0\\0\\0\\0\\0\\0\\x04\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0",
       "opaque not_protocol"},
      {"a text answer to a packet", "> {noop 1}\n< ERROR\\r\\n",
       "started noop\nended noop unobserved, 0 in, 0 out, 1 - 2\nopaque not_protocol"},
      {"HTTP's answer", "> get a\\r\\n\n< HTTP/1.1 400 Bad Request\\r\\n",
       "started get\nended get unobserved, 0 in, 0 out, 1 - 2\nopaque not_protocol"},
      {"an answer before it was asked", "< END\\r\\n", "opaque desynchronized"},
      {"one too many", "> get a\\r\\n\n< END\\r\\nEND\\r\\n",
       "started get\nended get answered, 0 in, 0 out, 1 2 2, a: 0 hit 1 miss\nopaque desynchronized"},
      {"an answer to something else", "> get a\\r\\n\n< STORED\\r\\n",
       "started get\nended get unobserved, 0 in, 0 out, 1 - 2\nopaque desynchronized"},
      {"a key that was not asked for", "> get a\\r\\n\n< VALUE b 0 1\\r\\n",
       "started get\nended get unobserved, 0 in, 0 out, 1 - 2\nopaque desynchronized"},
      {"another packet's answer", "> {get 1 key=a}\n< {get 2}",
       "started get\nended get unobserved, 0 in, 0 out, 1 - 2\nopaque desynchronized"},
      {"a negative length", "> get a\\r\\n\n< VALUE a 0 -2\\r\\n",
       "started get\nended get unobserved, 0 in, 0 out, 1 - 2\nopaque not_protocol"},
      {"a length of 2^63", "> get a\\r\\n\n< VALUE a 0 9223372036854775808\\r\\n",
       "started get\nended get unobserved, 0 in, 0 out, 1 - 2\nopaque not_protocol"},
      {"a value that is longer than it says", "> get a\\r\\n\n< VALUE a 0 2\\r\\nabc",
       "started get\nended get unobserved, 0 in, 0 out, 1 - 2\nopaque not_protocol"},
      {"an error that nobody can have caused", "> {quitq 1}\n< {set 1 status=3}",
       "started quit\nended quit answered, 0 in, 0 out, 1 - 1\nopaque desynchronized"},
  });
}

TEST(MemcachedObserver, ALengthThatMemcachedRefusesHasNoValue) {
  for (const char* length : {"-2", "x", "9223372036854775808", "2147483646", "+1", "1.5"}) {
    const std::string script = "> set a 0 0 " + std::string(length) +
                               "\\r\\nget a\\r\\n\n< CLIENT_ERROR bad data chunk\\r\\nEND\\r\\n";
    ExpectPlays(length, ParseScript(script, EncodeLine),
                "started set\nstarted get\nended set answered CLIENT_ERROR, 0 in, 0 out, 1 2 2\n"
                "ended get answered, 0 in, 0 out, 2 2 2, waited 1, a: 0 hit 1 miss\n");
  }
}

Step Ask(std::string bytes) {
  return {Direction::kRequest, std::move(bytes), false, CloseReason::kEnd};
}
Step Answer(std::string bytes) {
  return {Direction::kResponse, std::move(bytes), false, CloseReason::kEnd};
}

TEST(MemcachedObserver, CountsKeysBeyondWhatItKeeps) {
  // 300 keys of keyspace a, of which every third is there, in a line far above what is kept of one.
  std::string ask = "get";
  std::string answer;
  for (int i = 0; i < 300; ++i) {
    const std::string key = "a" + std::string(60, 'x') + std::to_string(i);
    ask += " " + key;
    if (i % 3 == 0) answer += "VALUE " + key + " 0 1\r\nx\r\n";
  }
  ASSERT_GT(ask.size(), 2 * kMaxLine);
  const Steps steps = {Ask(ask + "\r\n"), Answer(answer + "END\r\n")};
  const std::string want =
      "started get\nended get answered, 0 in, 100 out, 1 2 2, a: 86 hit 170 miss, -: 14 hit 30 miss\n";
  EXPECT_EQ(PlayWhole(steps), want);
  for (const size_t piece : {1, 7, 1000, 8191, 8192, 8193}) {
    EXPECT_EQ(Play(steps,
                   [piece](size_t, const Step& step, const Show& show, const Skip&) {
                     for (size_t at = 0; at < step.bytes.size(); at += piece)
                       show(std::string_view(step.bytes).substr(at, piece));
                   }),
              want)
        << "in pieces of " << piece;
  }
}

TEST(MemcachedObserver, HasLimits) {
  const std::string unanswered = "ended get unobserved, 0 in, 0 out, 1 - 2\n";
  const struct {
    const char* name;
    Steps steps;
    std::string want;
  } rows[] = {
      {"the longest line", {Ask("set " + std::string(kMaxLine - 6, 'a') + "\r\n\r\n")}, "started set\n"},
      {"a longer one", {Ask("set " + std::string(kMaxLine - 3, 'a'))}, "opaque limit\n"},
      {"a longer one that ends", {Ask("set " + std::string(kMaxLine - 3, 'a') + "\r\n")}, "opaque limit\n"},
      {"a longer key", {Ask("get a " + std::string(kMaxLine + 2, 'a'))}, "opaque limit\n"},
      {"a longer answer",
       {Ask("get a\r\n"), Answer("VALUE " + std::string(kMaxLine, 'a'))},
       "started get\n" + unanswered + "opaque limit\n"},
  };
  for (const auto& row : rows) {
    for (const size_t piece : {size_t{1}, size_t{100000}}) {
      std::string got = Play(row.steps, [piece](size_t, const Step& step, const Show& show, const Skip&) {
        for (size_t at = 0; at < step.bytes.size(); at += piece)
          show(std::string_view(step.bytes).substr(at, piece));
      });
      if (row.want == "started set\n") got = got.substr(0, row.want.size());
      EXPECT_EQ(got, row.want) << row.name << ", in pieces of " << piece;
    }
  }
}

TEST(MemcachedObserver, KeepsABoundedQueue) {
  CheckingSink sink;
  sink.SetNow(At(1));
  const auto observer = MakeObserver(sink);
  for (size_t i = 0; i < PendingQueue::kMaxRequests; ++i)
    observer->OnBytes(Direction::kRequest, "get a\r\n", At(1));
  EXPECT_TRUE(observer->AwaitingResponse());
  EXPECT_NE(observer->Skippable(Direction::kRequest), Observer::kEverything);
  observer->OnBytes(Direction::kRequest, "get a\r\n", At(1));
  EXPECT_EQ(observer->Skippable(Direction::kRequest), Observer::kEverything);
  sink.Check(*observer);
}

TEST(MemcachedObserver, LetsQuietRequestsGoThatNothingEnds) {
  CheckingSink sink;
  sink.SetNow(At(1));
  const auto observer = MakeObserver(sink);
  for (size_t i = 0; i < 2 * PendingQueue::kMaxRequests; ++i)
    observer->OnBytes(Direction::kRequest, Packet(true, "setq " + std::to_string(i) + " key=a value=x"),
                      At(1));
  EXPECT_FALSE(observer->AwaitingResponse());
  // The late error of one that was let go, and then of one that was not.
  observer->OnBytes(Direction::kResponse, Packet(false, "setq 3 status=82 value=xyz"), At(1));
  observer->OnBytes(Direction::kResponse,
                    Packet(false, "setq " + std::to_string(PendingQueue::kMaxRequests + 3) + " status=82"),
                    At(1));
  observer->OnBytes(Direction::kRequest, Packet(true, "noop 7"), At(1));
  EXPECT_TRUE(observer->AwaitingResponse());
  observer->OnBytes(Direction::kResponse, Packet(false, "noop 7"), At(1));
  EXPECT_FALSE(observer->AwaitingResponse());
  EXPECT_NE(observer->Skippable(Direction::kRequest), Observer::kEverything);
  sink.Check(*observer);
  sink.CheckAllEnded();
}

TEST(MemcachedObserver, SkipsValues) {
  Recorder sink;
  sink.SetNow(At(1));
  const auto observer = MakeObserver(sink);
  observer->OnBytes(Direction::kRequest, "set a 0 0 2147483645\r\n", At(1));
  EXPECT_EQ(observer->Skippable(Direction::kRequest), 2147483647u);
  observer->OnSkipped(Direction::kRequest, 2147483647u, At(1));
  EXPECT_EQ(observer->Skippable(Direction::kRequest), 0u);
  observer->OnBytes(Direction::kRequest, "get a\r\n", At(1));
  observer->OnBytes(Direction::kResponse, "STORED\r\nVALUE a 0 4294967295\r\n", At(1));
  EXPECT_EQ(observer->Skippable(Direction::kResponse), 4294967295u);
  observer->OnSkipped(Direction::kResponse, 4294967295u, At(1));
  observer->OnBytes(Direction::kResponse, "\r\nEND\r\n", At(1));
  EXPECT_EQ(sink.text(),
            "started set\nstarted get\nended set answered, 2147483645 in, 0 out, 1 1 1\n"
            "ended get answered, 0 in, 4294967295 out, 1 1 1, waited 0, a: 1 hit 0 miss\n");
}

}  // namespace
}  // namespace sidelight::memcached
