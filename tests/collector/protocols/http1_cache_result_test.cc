#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "collector/protocols/http1/cache_result.h"

namespace sidelight::http1 {
namespace {

constexpr CacheHeader kStatus = CacheHeader::kCacheStatus;
constexpr CacheHeader kCf = CacheHeader::kCfCacheStatus;
constexpr CacheHeader kX = CacheHeader::kXCache;
constexpr CacheHeader kAge = CacheHeader::kAge;
constexpr CacheResult kHit = CacheResult::kHit;
constexpr CacheResult kMiss = CacheResult::kMiss;
constexpr CacheResult kNone = CacheResult::kNotTold;

using Headers = std::vector<std::pair<CacheHeader, std::string>>;

std::string_view NameOf(CacheResult result) {
  return result == kHit ? "hit" : result == kMiss ? "miss" : "not told";
}

// Each value in two pieces, cut at `cut`.
CacheResult Read(CacheResultReader& reader, const Headers& headers, int status, size_t cut) {
  reader.BeginHead();
  for (const auto& [header, value] : headers) {
    reader.BeginValue(header);
    reader.Append(std::string_view(value).substr(0, cut));
    if (cut < value.size()) reader.Append(std::string_view(value).substr(cut));
    reader.EndValue();
  }
  return reader.Result(status);
}

void Expect(const Headers& headers, int status, CacheResult want) {
  std::string shown;
  size_t longest = 0;
  for (const auto& [header, value] : headers) {
    shown += "\n  " + value;
    longest = std::max(longest, value.size());
  }
  std::array<char, CacheResultReader::kLongestWord> word;
  CacheResultReader reader(word);  // the same for all, as a connection has it
  for (size_t cut = 0; cut <= longest; ++cut) {
    const CacheResult got = Read(reader, headers, status, cut);
    EXPECT_EQ(NameOf(got), NameOf(want)) << "cut at " << cut << ", status " << status << shown;
    if (got != want) return;
  }
}

struct Case {
  std::string value;
  CacheResult want;
};

TEST(CacheResultReader, CacheStatus) {
  const Case kCases[] = {
      {"ExampleCache; hit", kHit},
      {"ExampleCache;hit", kHit},
      {"\"Example CDN\"; hit; ttl=376", kHit},
      {"Cache; hit=?1", kHit},
      {"Cache; hit=?0", kNone},
      {"Cache; HIT; key=\"a\"", kHit},
      {"OriginCache; hit; ttl=-412", kHit},
      {"ExampleCache; fwd=uri-miss; stored", kMiss},
      {"ExampleCache; fwd=miss", kMiss},
      {"ExampleCache; fwd=vary-miss", kMiss},
      {"ExampleCache; fwd=stale; fwd-status=304", kMiss},
      {"ExampleCache; fwd=partial", kMiss},
      {"ExampleCache; fwd=request", kMiss},
      {"ExampleCache; fwd=miss; collapsed", kMiss},
      {"ExampleCache; fwd=a-reason-that-nobody-knows-yet", kMiss},
      {"ExampleCache; fwd=bypass", kNone},
      {"ExampleCache; fwd=method", kNone},
      {"ExampleCache; fwd-status=200", kNone},
      {"ExampleCache", kNone},
      {"ExampleCache; detail=hit", kNone},
      {"ExampleCache; detail=\"hit; hit\"", kNone},
      {"hit", kNone},
      {"\"fwd=miss; hit\"", kNone},
      {"", kNone},
      // The last is the nearest; those before it may be what it has stored.
      {"Origin; fwd=miss; stored, Edge; hit", kHit},
      {"Origin; hit, Edge; fwd=miss", kMiss},
      {"Origin; hit, Edge; fwd=bypass", kHit},
      {"Origin; fwd=miss, Edge", kMiss},
      {"ReverseProxy; hit; ttl=30, \"CDN, a\\\"; fwd=miss\"; hit", kHit},
      {"a;key=\"x,y;fwd=miss\";hit", kHit},
      {"a; hit; detail=:aGl0:", kHit},
      {"a; hit, \"open", kNone},
      {"a; hit, \"open\\\"", kNone},
      {"a; hit,", kHit},
      {" a ;  hit ", kHit},
  };
  for (const Case& c : kCases) Expect({{kStatus, c.value}}, 200, c.want);
}

TEST(CacheResultReader, XCache) {
  const Case kCases[] = {
      {"HIT", kHit},
      {"MISS", kMiss},
      {"hit", kHit},
      {" Miss ", kMiss},
      // nginx
      {"EXPIRED", kMiss},
      {"STALE", kHit},
      {"UPDATING", kHit},
      {"REVALIDATED", kMiss},
      {"BYPASS", kNone},
      {"-", kNone},
      // CloudFront
      {"Hit from cloudfront", kHit},
      {"Miss from cloudfront", kMiss},
      {"RefreshHit from cloudfront", kMiss},
      {"Error from cloudfront", kNone},
      {"LambdaGeneratedResponse from cloudfront", kNone},
      // Fastly: the last is the nearest
      {"MISS, HIT", kHit},
      {"HIT, MISS", kMiss},
      {"HIT, PASS", kHit},
      // Squid, Akamai, Azure
      {"HIT from proxy.example.org", kHit},
      {"MISS from miss.example.org:3128, HIT from b", kHit},
      {"NONE from hit.example.org", kNone},
      {"Other from hit", kNone},
      {"TCP_HIT from a23-1-2-3.deploy.akamaitechnologies.com (AkamaiGHost/11.1) (-)", kHit},
      {"TCP_MEM_HIT", kHit},
      {"TCP_IMS_HIT", kHit},
      {"TCP_REMOTE_HIT", kHit},
      {"TCP_REFRESH_HIT from a (b)", kMiss},
      {"TCP_CLIENT_REFRESH_MISS", kMiss},
      {"TCP_REFRESH_FAIL_OLD", kHit},
      {"TCP_MISS", kMiss},
      {"TCP_DENIED", kNone},
      // Varnish, as its users write it
      {"HIT:3", kHit},
      {"hit/4", kHit},
      {"hit cached", kHit},
      {"cp1075 miss, cp3052 hit/4", kHit},
      {"hit-front", kHit},
      {"uncached", kNone},
      {"THIS_IS_A_WORD_OF_MORE_THAN_24_BYTES HIT", kHit},
      {"HITS", kNone},
      {"", kNone},
      {",,", kNone},
  };
  for (const Case& c : kCases) Expect({{kX, c.value}}, 200, c.want);
}

TEST(CacheResultReader, CfCacheStatus) {
  const Case kCases[] = {
      {"HIT", kHit},      {"MISS", kMiss},        {"EXPIRED", kMiss}, {"STALE", kHit},
      {"BYPASS", kNone},  {"REVALIDATED", kMiss}, {"UPDATING", kHit}, {"DYNAMIC", kNone},
      {"IGNORED", kNone}, {"NONE", kNone},        {"UNKNOWN", kNone}, {"NONE/UNKNOWN", kNone},
      {"hit", kHit},
  };
  for (const Case& c : kCases) Expect({{kCf, c.value}}, 200, c.want);
}

TEST(CacheResultReader, Age) {
  const struct {
    std::string value;
    int status;
    CacheResult want;
  } kCases[] = {
      {"1", 200, kHit},     {"86400", 200, kHit}, {"0", 200, kMiss},
      {"000", 200, kMiss},  {"0", 304, kHit},     {"7", 304, kHit},
      {"", 200, kNone},     {"", 304, kNone},     {"-1", 200, kNone},
      {"soon", 304, kNone}, {"1.5", 200, kNone},  {"5, 0", 200, kHit},
      {"0, 5", 200, kMiss}, {" 10 ", 200, kHit},  {std::string(300, '9'), 200, kHit},
  };
  for (const auto& c : kCases) Expect({{kAge, c.value}}, c.status, c.want);
}

TEST(CacheResultReader, TheStrongestHeaderThatTellsSomething) {
  const struct {
    Headers headers;
    CacheResult want;
  } kCases[] = {
      {{}, kNone},
      {{{kStatus, "a; hit"}, {kCf, "MISS"}, {kX, "MISS"}, {kAge, "0"}}, kHit},
      {{{kAge, "0"}, {kX, "MISS"}, {kCf, "MISS"}, {kStatus, "a; hit"}}, kHit},
      {{{kX, "HIT"}, {kCf, "MISS"}, {kAge, "9"}}, kMiss},
      {{{kX, "MISS"}, {kAge, "9"}}, kMiss},
      {{{kStatus, "a; fwd=bypass"}, {kX, "HIT"}}, kHit},
      {{{kCf, "DYNAMIC"}, {kX, "MISS"}, {kAge, "3"}}, kMiss},
      {{{kCf, "DYNAMIC"}, {kAge, "3"}}, kHit},
      // A header on several lines is one list.
      {{{kX, "MISS"}, {kX, "HIT"}}, kHit},
      {{{kX, "HIT"}, {kX, "BYPASS"}}, kHit},
      {{{kStatus, "a; hit"}, {kStatus, "b; fwd=stale"}}, kMiss},
  };
  for (const auto& c : kCases) Expect(c.headers, 200, c.want);
}

TEST(CacheResultReader, AHeadBeginsAfresh) {
  std::array<char, CacheResultReader::kLongestWord> word;
  CacheResultReader reader(word);
  EXPECT_EQ(Read(reader, {{kStatus, "a; hit"}}, 200, 0), kHit);
  EXPECT_EQ(Read(reader, {{kAge, "0"}}, 200, 0), kMiss);
  EXPECT_EQ(Read(reader, {}, 200, 0), kNone);
}

}  // namespace
}  // namespace sidelight::http1
