#include <gtest/gtest.h>

#include <string>

#include "collector/protocols/memcached/line.h"
#include "collector/protocols/memcached/text.h"
#include "tests/collector/protocols/checking_sink.h"

namespace sidelight::memcached {
namespace {

Request Read(std::string_view line, PendingQueue& queue) {
  Request request;
  ReadRequestLine(line, queue, request);
  return request;
}

TEST(MemcachedText, ReadsCommandLines) {
  const struct {
    std::string_view line;
    std::string_view operation;
    bool silent;
    bool quiet;
    uint64_t body;  // with its line's end
    uint32_t keys;
  } rows[] = {
      {"get a", "get", false, false, 0, 1},
      {"  get  a   b ", "get", false, false, 0, 2},
      {"get", "get", false, false, 0, 0},
      {"gats 0 a b c", "gats", false, false, 0, 3},
      {"gat 0", "gat", false, false, 0, 0},
      {"set a 0 0 5", "set", false, false, 7, 0},
      {"set a 0 0 5 noreply", "set", true, false, 7, 0},
      {"set a 0 0 5 anything", "set", false, false, 7, 0},
      {"set a 0 0 5 noreply x", "set", false, false, 0, 0},
      {"set a 4294967295 -1 0", "set", false, false, 2, 0},
      {"set a 4294967296 0 5", "set", false, false, 0, 0},
      {"set a x 0 5", "set", false, false, 0, 0},
      {"set a 0 x 5", "set", false, false, 0, 0},
      {"set a 0 0 x noreply", "set", true, false, 0, 0},
      {"set a 0 0 2147483645", "set", false, false, 2147483647, 0},
      {"set a 0 0 2147483646", "set", false, false, 0, 0},
      {"set a 0 0", "set", false, false, 0, 0},
      {"cas a 0 0 5 18446744073709551615", "cas", false, false, 7, 0},
      {"cas a 0 0 5 18446744073709551616", "cas", false, false, 0, 0},
      {"cas a 0 0 5 1 noreply", "cas", true, false, 7, 0},
      {"cas a 0 0 5", "cas", false, false, 0, 0},
      {"delete noreply", "delete", false, false, 0, 0},
      {"delete a noreply", "delete", true, false, 0, 0},
      {"incr a noreply", "incr", false, false, 0, 0},
      {"decr a 1 noreply", "decr", true, false, 0, 0},
      {"touch a 1 noreply", "touch", true, false, 0, 0},
      {"flush_all noreply", "flush_all", true, false, 0, 0},
      {"verbosity noreply", "verbosity", false, false, 0, 0},
      {"quit", "quit", true, false, 0, 0},
      {"mg a v q", "mg", false, true, 0, 1},
      {"mg a", "mg", false, false, 0, 1},
      {"mg", "mg", false, false, 0, 0},
      {"ms a 5 q T0", "ms", false, true, 7, 0},
      {"ms a S5", "ms", false, false, 0, 0},
      {"md a q", "md", false, true, 0, 0},
      {"mn", "mn", false, false, 0, 0},
      {"GET a", "_OTHER", false, false, 0, 0},
      {"nonsense noreply", "_OTHER", false, false, 0, 0},
      {"", "_OTHER", false, false, 0, 0},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(std::string(row.line));
    CheckingSink sink;
    PendingQueue queue(sink);
    const Request request = Read(row.line, queue);
    EXPECT_EQ(request.operation, row.operation);
    EXPECT_EQ(request.silent, row.silent);
    EXPECT_EQ(request.quiet, row.quiet);
    EXPECT_EQ(request.body_bytes, row.body);
    EXPECT_EQ(queue.Push().kept_keys, row.keys);
  }
}

TEST(MemcachedText, AKeyAboveTheLimitHasNoValue) {
  CheckingSink sink;
  PendingQueue queue(sink);
  for (const size_t length : {250, 251}) {
    const std::string line = "set " + std::string(length, 'k') + " 0 0 5";
    EXPECT_EQ(Read(line, queue).body_bytes, length == 250 ? 7u : 0u) << length;
  }
}

TEST(MemcachedText, ReadsReplyLines) {
  const struct {
    std::string_view line;
    Word word;
    uint64_t length;
    std::string_view key;
  } rows[] = {
      {"VALUE a 0 5", Word::kValue, 5, "a"},
      {"VALUE a 32 4294967295 77", Word::kValue, 4294967295, "a"},
      {"END", Word::kEnd, 0, ""},
      {"STORED", Word::kStored, 0, ""},
      {"NOT_STORED", Word::kStored, 0, ""},
      {"EXISTS", Word::kStored, 0, ""},
      {"NOT_FOUND", Word::kStored, 0, ""},
      {"DELETED", Word::kStored, 0, ""},
      {"TOUCHED", Word::kStored, 0, ""},
      {"18446744073709551615", Word::kNumber, 0, ""},
      {"18446744073709551616", Word::kOther, 0, ""},
      {"ERROR", Word::kError, 0, ""},
      {"ERROR: shutdown not enabled", Word::kError, 0, ""},
      {"CLIENT_ERROR bad data chunk", Word::kClientError, 0, ""},
      {"SERVER_ERROR out of memory storing object", Word::kServerError, 0, ""},
      {"HD", Word::kMetaOk, 0, ""},
      {"HD O1 ka", Word::kMetaOk, 0, "a"},
      {"VA 5 s5 ka O1", Word::kMetaValue, 5, "a"},
      {"EN", Word::kMetaMiss, 0, ""},
      {"NF O1", Word::kMetaNot, 0, ""},
      {"NS", Word::kMetaNot, 0, ""},
      {"EX", Word::kMetaNot, 0, ""},
      {"MN", Word::kMetaNoop, 0, ""},
      {"ME a exp=-1", Word::kMetaDebug, 0, ""},
      {"VERSION 1.6.18", Word::kOther, 0, ""},
      {"", Word::kOther, 0, ""},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(std::string(row.line));
    const Reply reply = ReadReplyLine(row.line);
    EXPECT_EQ(reply.word, row.word);
    EXPECT_TRUE(reply.valid);
    EXPECT_EQ(reply.length, row.length);
    EXPECT_EQ(reply.key, row.key);
  }
  for (const std::string_view line : {"VALUE", "VALUE a", "VALUE a 0", "VALUE a 0 -1", "VALUE a 0 x",
                                      "VALUE a 0 4294967296", "VA", "VA x"}) {
    EXPECT_FALSE(ReadReplyLine(line).valid) << line;
  }
}

TEST(MemcachedText, AnOpaqueIsTheSameInBothDirections) {
  CheckingSink sink;
  PendingQueue queue(sink);
  const uint32_t asked = Read("mg a q O123 v", queue).opaque;
  EXPECT_NE(asked, 0u);
  EXPECT_EQ(ReadReplyLine("HD s1 O123").opaque, asked);
  EXPECT_NE(ReadReplyLine("HD s1 O124").opaque, asked);
  EXPECT_EQ(ReadReplyLine("HD s1").opaque, 0u);
}

class KeyspaceSink final : public CheckingSink {
 public:
  uint32_t Keyspace(std::string_view key) override {
    keys += "[" + std::string(key) + "]";
    return 0;
  }
  std::string keys;
};

TEST(MemcachedText, AsksForTheKeyspaceOfLookupsOnly) {
  const struct {
    std::string_view line;
    std::string_view keys;
  } rows[] = {
      {"get a bb", "[a][bb]"},
      {"gat 60 a", "[a]"},
      {"mg a", "[a]"},
      {"mg Zm9vOmJhcg== b", "[foo:bar]"},
      {"mg Zm9v v b k", "[foo]"},
      {"mg !!! b", "[]"},
      {"set a 0 0 1", ""},
      {"delete a", ""},
      {"ms a 1", ""},
      {"me a", ""},
  };
  for (const auto& row : rows) {
    KeyspaceSink sink;
    PendingQueue queue(sink);
    Read(row.line, queue);
    EXPECT_EQ(sink.keys, row.keys) << row.line;
  }
}

TEST(MemcachedText, FindsTheEndOfAWordAnywhere) {
  for (size_t before = 0; before < 40; ++before) {
    for (size_t after = 0; after < 12; ++after) {
      for (const char c : {'a', '\0', '!', '\x1f', '\xa0', '\xff'}) {
        const std::string text = std::string(before, c) + " " + std::string(after, c);
        const char* const end = text.data() + text.size();
        const auto length = static_cast<size_t>(WordEnd(text.data(), end) - text.data());
        ASSERT_EQ(length, before) << after << " bytes of " << static_cast<int>(c) << " behind";
        const char* const space = text.data() + before;
        ASSERT_EQ(WordEnd(text.data(), space), space) << before << " bytes of " << static_cast<int>(c);
      }
    }
  }
}

}  // namespace
}  // namespace sidelight::memcached
