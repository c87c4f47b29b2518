// The texts of alerts: Prometheus' variables and functions. What promtool knows too is compared with it by
// tests/conformance/templates_beside_promtool_test.py; this has what it does not know, and a little of each.
#include "rules/evaluation/alert_template.h"

#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <string>

namespace sidelight::rules {
namespace {

using promql::Vector;

Result<Vector> Answer(std::string_view query) {
  if (query == "wrong(")
    return Fail(ErrorCode::kInvalidArgument, "1:6: parse error: unclosed left parenthesis");
  if (query != "q") return Vector{};
  return Vector{{.labels = Labels({{"n", "b"}, {"__value__", "text"}}), .value = 2},
                {.labels = Labels({{"n", "a"}}), .value = 1}};
}

TemplateData Data() {
  return {.labels = Labels({{"__name__", "m"}, {"foo", "bar"}, {"instance", "db.example.com:5432"}}),
          .value = 5,
          .external_labels = Labels({{"region", "eu"}}),
          .external_url = "http://sidelight.example:9464/pre%20fix",
          .time = 1435065584128,
          .query = Answer};
}

std::string Text(std::string_view text, const TemplateData& data = Data()) {
  const Result<AlertTemplate> parsed = AlertTemplate::Parse("Name", text);
  if (!parsed) return "does not parse: " + parsed.error().message;
  const Result<std::string> expanded = parsed->Expand(data);
  return expanded ? *expanded : expanded.error().message;
}

struct Case {
  const char* text;
  const char* wanted;
};

void Check(std::initializer_list<Case> cases) {
  for (const Case& c : cases) EXPECT_EQ(Text(c.text), c.wanted) << c.text;
}

TEST(AlertTemplate, KnowsItsVariables) {
  Check({
      {"", ""},
      {"100% }} $value", "100% }} $value"},
      {"{{ $value }} {{ .Value }}", "5 5"},
      {"{{ $labels.foo }}|{{ .Labels.none }}|{{ $labels.__name__ }}", "bar||m"},
      {"{{ $labels }}", "map[__name__:m foo:bar instance:db.example.com:5432]"},
      {"{{ $externalLabels.region }} {{ .ExternalLabels.none }}|", "eu |"},
      {"{{ $externalURL }} {{ .ExternalURL }}",
       "http://sidelight.example:9464/pre%20fix http://sidelight.example:9464/pre%20fix"},
      {"{{ externalURL }} {{ pathPrefix }}", "http://sidelight.example:9464/pre%20fix /pre fix"},
      {"{{ define \"x\" }}{{ .Value }}{{ end }}{{ template \"x\" . }}", "5"},
  });
  EXPECT_EQ(AlertTemplate().Expand(Data()).value(), "");
}

TEST(AlertTemplate, WritesValuesAsGoDoes) {
  struct {
    double value;
    const char* wanted;
  } const cases[] = {
      {0, "0"},
      {1e6, "1e+06"},
      {123456, "123456"},
      {0.1, "0.1"},
      {1e-5, "1e-05"},
      {1e20, "1e+20"},
      {-2.5, "-2.5"},
      {1234567.5, "1.2345675e+06"},
      {std::numeric_limits<double>::quiet_NaN(), "NaN"},
      {std::numeric_limits<double>::infinity(), "+Inf"},
  };
  for (const auto& c : cases) {
    TemplateData data = Data();
    data.value = c.value;
    EXPECT_EQ(Text("{{ $value }}", data), c.wanted);
  }
  TemplateData data = Data();
  auto histogram = std::make_shared<FloatHistogram>();
  histogram->count = 3;
  histogram->sum = 4.5;
  data.histogram = histogram;
  EXPECT_EQ(Text("{{ $value }}", data), histogram->ToString());
  EXPECT_NE(Text("{{ humanize $value }}", data).find("can't convert *histogram.FloatHistogram to float"),
            std::string::npos);
}

TEST(AlertTemplate, Queries) {
  Check({
      {"{{ range query \"q\" }}{{ .Labels.n }}={{ .Value }} {{ end }}", "b=2 a=1 "},
      {"{{ range query \"q\" | sortByLabel \"n\" }}{{ .Labels.n }}{{ end }}", "ab"},
      {"{{ with query \"q\" }}{{ . | first | label \"n\" }} {{ . | first | value }} {{ . | first | strvalue "
       "}}{{ end }}",
       "b 2 text"},
      {"{{ with query \"none\" }}some{{ else }}none{{ end }} {{ query \"none\" | len }}", "none 0"},
      {"{{ (index (query \"q\") 1).Labels.none }}|", "|"},
  });
  EXPECT_EQ(
      Text("{{ query \"none\" | first }}"),
      "error executing template __alert_Name: template: __alert_Name:1:130: executing \"__alert_Name\" at "
      "<first>: error calling first: first() called on vector with no elements");
  EXPECT_EQ(
      Text("{{ query \"wrong(\" }}"),
      "error executing template __alert_Name: template: __alert_Name:1:115: executing \"__alert_Name\" at "
      "<query \"wrong(\">: error calling query: 1:6: parse error: unclosed left parenthesis");
}

TEST(AlertTemplate, AsksOnlySoManyQueries) {
  TemplateData data = Data();
  int asked = 0;
  data.query = [&asked](std::string_view) {
    ++asked;
    return Vector{};
  };
  const Result<AlertTemplate> parsed =
      AlertTemplate::Parse("Name", "{{ range 5000 }}{{ query \"q\" }}{{ end }}");
  ASSERT_TRUE(parsed);
  const Result<std::string> expanded = parsed->Expand(data);
  ASSERT_FALSE(expanded);
  EXPECT_EQ(expanded.error().code, ErrorCode::kLimit);
  EXPECT_EQ(asked, 1000);
}

TEST(AlertTemplate, WritesNumbersForPeople) {
  Check({
      {"{{ humanize 1234567 }} {{ humanize 0.00123 }} {{ humanize 0 }} {{ humanize -1e30 }} {{ humanize "
       "\"1500\" }}",
       "1.235M 1.23m 0 -1e+06Y 1.5k"},
      {"{{ humanize1024 2048 }} {{ humanize1024 0.5 }} {{ humanize1024 1e7 }}", "2ki 0.5 9.537Mi"},
      {"{{ humanizeDuration 90061 }} {{ humanizeDuration -75 }} {{ humanizeDuration 0.05 }} {{ "
       "humanizeDuration 1.5 }}",
       "1d 1h 1m 1s -1m 15s 50ms 1.5s"},
      {"{{ humanizePercentage 0.12345 }} {{ humanizePercentage 1 }}", "12.35% 100%"},
      {"{{ humanizeTimestamp 1435065584.128 }}", "2015-06-23 13:19:44.128 +0000 UTC"},
      {"{{ parseDuration \"1h30m\" }} {{ parseDuration \"100ms\" }}", "5400 0.1"},
      {"{{ $value | humanize | printf \"%s!\" }}", "5!"},
  });
  EXPECT_NE(Text("{{ humanize \"x\" }}")
                .find("error calling humanize: strconv.ParseFloat: parsing \"x\": invalid syntax"),
            std::string::npos);
  EXPECT_NE(Text("{{ parseDuration \"x\" }}").find("not a valid duration string: \"x\""), std::string::npos);
}

TEST(AlertTemplate, KnowsTimes) {
  Check({
      {"{{ now }}", "1.435065584128e+09"},
      {"{{ now | toTime }}", "2015-06-23 13:19:44.128 +0000 UTC"},
      {"{{ (toTime 0).Format \"Mon Jan _2 15:04:05.000 2006\" }}", "Thu Jan  1 00:00:00.000 1970"},
      {"{{ (now | toTime).Year }} {{ (now | toTime).Month }} {{ (now | toTime).Weekday }}",
       "2015 June Tuesday"},
      {"{{ if ge (now | toTime).Hour 13 }}late{{ end }} {{ eq (now | toTime).Weekday 2 }}", "late true"},
      {"{{ toDuration 3723.5 }} {{ (toDuration 3723.5).Minutes }} {{ (toDuration \"60\").Seconds }}",
       "1h2m3.5s 62.05833333333333 60"},
      {"{{ (toDuration 0.0015).Milliseconds }} {{ (toDuration 90.7).Truncate 1000000000 }}", "1 1m30s"},
      {"{{ ((toTime 100).Add (toDuration 60)).Unix }} {{ (toTime 100).Sub (toTime 40) | humanizeDuration }}",
       "160 1m 0s"},
      {"{{ (toTime 951782400).AddDate 1 0 0 }}", "2001-03-01 00:00:00 +0000 UTC"},
  });
  EXPECT_NE(Text("{{ toTime 1e300 }}").find("1e+300 cannot be represented as a nanoseconds timestamp"),
            std::string::npos);
  EXPECT_NE(Text("{{ (toTime 0).AddDate 1000000000 0 0 }}").find("too far from now"), std::string::npos);
  EXPECT_NE(Text("{{ (toTime 0).Nope }}").find("can't evaluate field Nope in type *time.Time"),
            std::string::npos);
}

TEST(AlertTemplate, ChangesTexts) {
  Check({
      {"{{ toUpper \"aé\" }} {{ toLower \"AÉ\" }} {{ title \"foo bar\" }}", "AÉ aé Foo Bar"},
      {"{{ match \"^b\" $labels.foo }} {{ match \"^a\" $labels.foo }}", "true false"},
      {"{{ reReplaceAll \"(.*):\\\\d+\" \"$1\" $labels.instance }}", "db.example.com"},
      {"{{ reReplaceAll \"(?P<first>\\\\w)\\\\w*\" \"${first}.\" \"ab cd\" }}", "a. c."},
      {"{{ reReplaceAll \"x*\" \"-\" \"abxxc\" }}", "-a-b-c-"},
      {"{{ stripPort $labels.instance }} {{ stripDomain $labels.instance }} {{ stripDomain \"10.0.0.1:80\" "
       "}}",
       "db.example.com db:5432 10.0.0.1:80"},
      {"{{ stripPort \"[::1]:80\" }} {{ stripPort \"::1\" }}", "::1 ::1"},
      {"{{ urlQueryEscape \"a b&c\" }} {{ safeHtml \"<b>\" }}", "a+b%26c <b>"},
      {"{{ tableLink \"up == 0\" }} {{ graphLink \"up\" }}",
       "/graph?g0.expr=up+%3D%3D+0&g0.tab=1 /graph?g0.expr=up&g0.tab=0"},
      {"{{ define \"x\" }}{{ .arg0 }}-{{ .arg1 }}{{ end }}{{ template \"x\" (args 1 \"b\") }}", "1-b"},
      {"{{ define \"x\" }}<{{ . }}>{{ end }}{{ tmpl (print \"x\") 5 | toUpper }}", "<5>"},
  });
  EXPECT_NE(Text("{{ match \"(\" \"a\" }}").find("error parsing regexp: missing closing ): `(`"),
            std::string::npos);
  EXPECT_NE(Text("{{ reReplaceAll \"a\" \"b\" $value }}")
                .find("wrong type for value; expected string; got float64"),
            std::string::npos);
}

TEST(AlertTemplate, HasLimits) {
  const char* const cases[] = {
      "{{ define \"x\" }}{{ tmpl \"x\" . }}{{ end }}{{ tmpl \"x\" . }}",
      "{{ $x := \"aaaaaaaaaa\" }}{{ range 100 }}{{ $x = reReplaceAll \"a\" \"aaaaaaaaaa\" $x }}{{ end }}",
      "{{ range 1000000000 }}{{ end }}",
      "{{ $x := printf \"%200000d\" 1 }}{{ range 1000 }}{{ $y := match \"1$\" $x }}{{ end }}",
      "{{ range $i := 1000 }}{{ match (print $i) \"x\" }}{{ end }}",
      "{{ $x := args 1 }}{{ range 1000 }}{{ $x = args $x }}{{ end }}{{ $x }}",
  };
  for (const char* text : cases) {
    const Result<AlertTemplate> parsed = AlertTemplate::Parse("Name", text);
    ASSERT_TRUE(parsed) << text;
    const Result<std::string> expanded = parsed->Expand(Data());
    ASSERT_FALSE(expanded) << text;
    EXPECT_EQ(expanded.error().code, ErrorCode::kLimit) << expanded.error().message;
  }
}

TEST(AlertTemplate, SaysWhatDoesNotParse) {
  const Result<AlertTemplate> parsed = AlertTemplate::Parse("Name", "ok\n{{ $label }}");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(parsed.error().message, "template: __alert_Name:2: undefined variable \"$label\"");
}

}  // namespace
}  // namespace sidelight::rules
