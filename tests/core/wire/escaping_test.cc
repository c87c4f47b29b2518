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
