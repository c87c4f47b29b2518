#include "core/wire/exposition/escaping.h"

#include <gtest/gtest.h>

#include "core/model/naming.h"

namespace sidelight::wire {
namespace {

TEST(EscapeName, FollowsEachScheme) {
  const struct {
    NameKind kind;
    std::string name;
    std::string underscores;
    std::string dots;
    std::string values;
    std::string utf8;
  } cases[] = {
      {NameKind::kMetric, "", "", "", "", ""},
      {NameKind::kMetric, "up", "up", "up", "up", "up"},
      {NameKind::kMetric, "http_requests_total", "http_requests_total", "http__requests__total",
       "http_requests_total", "http_requests_total"},
      {NameKind::kMetric, "job:rate5m", "job:rate5m", "job:rate5m", "job:rate5m", "job:rate5m"},
      {NameKind::kMetric, "metric.name/with/slashes", "metric_name_with_slashes",
       "metric_dot_name_with_slashes", "U__metric_2E_name_2F_with_2F_slashes", "metric.name/with/slashes"},
      {NameKind::kMetric, "metric.name.with.dots", "metric_name_with_dots",
       "metric_dot_name_dot_with_dot_dots", "U__metric_2E_name_2E_with_2E_dots", "metric.name.with.dots"},
      {NameKind::kMetric, "mysystem.prod.west_cpu", "mysystem_prod_west_cpu",
       "mysystem_dot_prod_dot_west__cpu", "U__mysystem_2E_prod_2E_west__cpu", "mysystem.prod.west_cpu"},
      {NameKind::kMetric, "1st", "_st", "_st", "U___31_st", "1st"},
      {NameKind::kMetric, "温度", "__", "__", "U___6E29__5EA6_", "温度"},
      {NameKind::kMetric, "😀", "_", "_", "U___1F600_", "😀"},
      {NameKind::kMetric, "a\xff", "a_", "a_", "U__a_FFFD_", "a\xEF\xBF\xBD"},
      {NameKind::kLabel, "http.method", "http_method", "http_dot_method", "U__http_2E_method", "http.method"},
      {NameKind::kLabel, "a:b", "a_b", "a_b", "U__a_3A_b", "a:b"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(EscapeName(c.name, EscapingScheme::kUnderscores, c.kind), c.underscores);
    EXPECT_EQ(EscapeName(c.name, EscapingScheme::kDots, c.kind), c.dots);
    EXPECT_EQ(EscapeName(c.name, EscapingScheme::kValues, c.kind), c.values);
    EXPECT_EQ(EscapeName(c.name, EscapingScheme::kAllowUtf8, c.kind), c.utf8);
  }
}

TEST(EscapeName, IsClassicForEveryByte) {
  for (int first = 1; first < 256; ++first) {
    for (int second = 1; second < 256; ++second) {
      const std::string name = {static_cast<char>(first), static_cast<char>(second)};
      for (const auto scheme :
           {EscapingScheme::kUnderscores, EscapingScheme::kDots, EscapingScheme::kValues}) {
        EXPECT_TRUE(IsClassicMetricName(EscapeName(name, scheme, NameKind::kMetric)))
            << first << " " << second;
        EXPECT_TRUE(IsClassicLabelName(EscapeName(name, scheme, NameKind::kLabel))) << first << " " << second;
      }
    }
  }
}

TEST(UnescapeName, IsTheWayBackFromValues) {
  const struct {
    std::string text;
    std::string name;
  } cases[] = {
      {"", ""},
      {"up", "up"},
      {"a_b__c", "a_b__c"},
      {"U__", ""},
      {"U__http_2E_method", "http.method"},
      {"U__http_2e_method", "http.method"},
      {"U__mysystem_2E_prod_2E_west__cpu", "mysystem.prod.west_cpu"},
      {"U___31_st", "1st"},
      {"U___6E29__5EA6_", "温度"},
      {"U___1F600_", "😀"},
      {"U___10FFFF_", "\xF4\x8F\xBF\xBF"},
      {"U___7F__80__7FF__800_", "\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80"},
      // What the scheme does not write.
      {"u__a_2E_b", "u__a_2E_b"},
      {"U_a_2E_b", "U_a_2E_b"},
      {"U__a_", "U__a_"},
      {"U__a_2E", "U__a_2E"},
      {"U__a_2G_", "U__a_2G_"},
      {"U__a_-1_", "U__a_-1_"},
      {"U__a_D800_", "U__a_D800_"},
      {"U__a_110000_", "U__a_110000_"},
      {"U__a_0000041_", "U__a_0000041_"},
  };
  for (const auto& c : cases) EXPECT_EQ(UnescapeName(c.text), c.name) << c.text;
  for (int first = 1; first < 128; ++first) {
    for (int second = 1; second < 128; ++second) {
      const std::string name = {static_cast<char>(first), static_cast<char>(second)};
      EXPECT_EQ(UnescapeName(EscapeName(name, EscapingScheme::kValues, NameKind::kLabel)), name);
    }
  }
}

TEST(EscapingSchemeWord, ReadsBack) {
  for (const auto scheme : {EscapingScheme::kUnderscores, EscapingScheme::kDots, EscapingScheme::kValues,
                            EscapingScheme::kAllowUtf8}) {
    EXPECT_EQ(ParseEscapingScheme(EscapingSchemeWord(scheme)), scheme);
  }
  EXPECT_EQ(ParseEscapingScheme("allow-utf8"), std::nullopt);
  EXPECT_EQ(ParseEscapingScheme(""), std::nullopt);
}

}  // namespace
}  // namespace sidelight::wire
