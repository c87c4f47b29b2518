#include "exporters/alertmanager/payload.h"

#include <gtest/gtest.h>

#include "tests/exporters/alertmanager/alerts.h"

namespace sidelight::alertmanager {
namespace {

constexpr UnixMillis kStart = 1'795'210'800'007;

struct Case {
  const char* what;
  std::vector<rules::Notification> alerts;
  const char* wanted;
};

TEST(PayloadTest, IsWhatTheAlertmanagerTakes) {
  const Case cases[] = {
      {"none", {}, "[]"},
      {"all fields",
       {{.labels = {{"severity", "page"}, {"alertname", "High"}},
         .annotations = {{"summary", "rate is 3"}},
         .starts_at = kStart,
         .ends_at = kStart + 240'000,
         .generator_url = "http://sidelight:9464/graph?g0.expr=a+%3E+1&g0.tab=1"}},
       R"([{"labels":{"alertname":"High","severity":"page"},"annotations":{"summary":"rate is 3"},)"
       R"("startsAt":"2026-11-20T21:40:00.007Z","endsAt":"2026-11-20T21:44:00.007Z",)"
       R"("generatorURL":"http://sidelight:9464/graph?g0.expr=a+%3E+1&g0.tab=1"}])"},
      {"no annotations, no generator, whole seconds",
       {{.labels = {{"alertname", "a"}}, .starts_at = 0, .ends_at = 1'000}},
       R"([{"labels":{"alertname":"a"},"annotations":{},"startsAt":"1970-01-01T00:00:00.000Z",)"
       R"("endsAt":"1970-01-01T00:00:01.000Z"}])"},
      {"what JSON escapes, other languages, and what is no UTF-8",
       {{.labels = {{"a", "q\"b\\n\nt\t\x01"}, {"b", "Größe 日本"}, {"c", "x\xffy"}},
         .starts_at = 0,
         .ends_at = 0}},
       "[{\"labels\":{\"a\":\"q\\\"b\\\\n\\nt\\t\\u0001\",\"b\":\"Größe 日本\",\"c\":\"x\xef\xbf\xbdy\"},"
       "\"annotations\":{},\"startsAt\":\"1970-01-01T00:00:00.000Z\",\"endsAt\":\"1970-01-01T00:00:00.000Z\"}"
       "]"},
      {"several, in order", AlertsNamed({"b", "a"}),
       R"([{"labels":{"alertname":"b"},"annotations":{},"startsAt":"1970-01-01T00:00:01.000Z",)"
       R"("endsAt":"1970-01-01T00:00:02.000Z"},)"
       R"({"labels":{"alertname":"a"},"annotations":{},"startsAt":"1970-01-01T00:00:01.000Z",)"
       R"("endsAt":"1970-01-01T00:00:02.000Z"}])"},
  };
  for (const Case& c : cases) EXPECT_EQ(Payload(Shared(c.alerts)), c.wanted) << c.what;
}

}  // namespace
}  // namespace sidelight::alertmanager
