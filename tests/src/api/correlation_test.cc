#include "src/api/correlation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace sidelight::api {
namespace {

using ::testing::MatchesRegex;

TEST(CorrelationId, KeepsASaneOneAndReplacesTheRest) {
  struct Row {
    http::Fields headers;
    std::string kept;  // "" when a new one is made
  };
  const std::vector<Row> rows = {
      {{{"X-Correlation-Id", "abc-DEF_1.2"}}, "abc-DEF_1.2"},
      {{{"x-correlation-id", "lower"}}, "lower"},
      {{{"X-Correlation-Id", std::string(64, 'a')}}, std::string(64, 'a')},
      {{}, ""},
      {{{"X-Correlation-Id", ""}}, ""},
      {{{"X-Correlation-Id", std::string(65, 'a')}}, ""},
      {{{"X-Correlation-Id", std::string(100'000, 'a')}}, ""},
      {{{"X-Correlation-Id", "a\r\nSet-Cookie: x"}}, ""},
      {{{"X-Correlation-Id", "a\nb"}}, ""},
      {{{"X-Correlation-Id", std::string("a\0b", 3)}}, ""},
      {{{"X-Correlation-Id", "a b"}}, ""},
      {{{"X-Correlation-Id", "\"quoted\""}}, ""},
      {{{"X-Correlation-Id", "<script>"}}, ""},
      {{{"X-Correlation-Id", "%0d%0a"}}, ""},
      {{{"X-Correlation-Id", "\xC3\xA9"}}, ""},
      {{{"X-Correlation-Id", "one"}, {"X-Correlation-Id", "two"}}, ""},
  };
  for (const Row& row : rows) {
    http::Request request;
    request.headers = row.headers;
    const std::string sent = row.headers.empty() ? "(none)" : row.headers[0].second.substr(0, 80);
    if (row.kept.empty()) {
      EXPECT_THAT(CorrelationId(request), MatchesRegex("[0-9a-f]{32}")) << sent;
    } else {
      EXPECT_EQ(CorrelationId(request), row.kept) << sent;
    }
  }
}

TEST(CorrelationId, IsNewEachTime) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(CorrelationId({}));
  EXPECT_EQ(seen.size(), 1000u);
}

}  // namespace
}  // namespace sidelight::api
