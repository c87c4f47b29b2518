// What templates write. Every expectation is what Go's text/template does with the same data.
#include "rules/template/template.h"

#include <gtest/gtest.h>

#include "tests/rules/template/execute.h"

namespace sidelight::text_template {
namespace {

struct Case {
  const char* text;
  const char* wanted;
};

void Check(std::initializer_list<Case> cases) {
  for (const Case& c : cases) EXPECT_EQ(Written(c.text), c.wanted) << c.text;
}

TEST(Template, WritesTextsAndValues) {
  Check({
      {"", ""},
      {"plain } }} {", "plain } }} {"},
      {"{{.Name}} {{ .Count }} {{.Ratio}}", "Ada 3 2.5"},
      {"{{.Tags}} {{.Labels}} {{.Any}}", "[x y] map[a:1 b:2] map[k:1]"},
      {"{{.}}", "{Ada 3 2.5 [x y] map[a:1 b:2] map[k:1]}"},
      {"{{.Labels.a}}|{{.Labels.none}}|{{.Any.none}}", "1||<no value>"},
      {"{{$.Name}} {{$.Labels.a}}", "Ada 1"},
      {"{{1}} {{-2}} {{0x1F}} {{1_000}} {{0b101}} {{0o17}} {{017}} {{'a'}} {{1.50}} {{1e3}} {{1e6}} {{.5}}",
       "1 -2 31 1000 5 15 15 97 1.5 1000 1e+06 0.5"},
      {R"({{"a\tb\"\x41\u00e9"}} {{`raw\n`}})", "a\tb\"A\xc3\xa9 raw\\n"},
      {"{{true}} {{false}}", "true false"},
      {R"({{"{{"}}{{"}}"}})", "{{}}"},
  });
}

TEST(Template, TrimsAndIgnoresComments) {
  Check({
      {"a  {{- 1 -}}  b", "a1b"},
      {"a \n\t{{- 1}} b", "a1 b"},
      {"a {{1 -}}\n\n b", "a 1b"},
      {"a{{/* no */}}b", "ab"},
      {"a {{- /* no\n }} */ -}} b", "ab"},
      {"{{-3}}", "-3"},
      {"{{- -3 -}}", "-3"},
  });
}

TEST(Template, BranchesAndLoops) {
  Check({
      {"{{if .Name}}a{{end}}{{if .Labels.none}}b{{end}}", "a"},
      {"{{if 0}}a{{else if 0.0}}b{{else if \"\"}}c{{else if .Any.none}}d{{else}}e{{end}}", "e"},
      {"{{with .Name}}[{{.}}]{{end}}{{with .Labels.none}}x{{else}}-{{end}}", "[Ada]-"},
      {"{{with .Labels.none}}x{{else with .Name}}<{{.}}>{{end}}", "<Ada>"},
      {"{{range .Tags}}{{.}},{{end}}", "x,y,"},
      {"{{range $i, $t := .Tags}}{{$i}}{{$t}} {{end}}", "0x 1y "},
      {"{{range $k, $v := .Labels}}{{$k}}={{$v}} {{end}}", "a=1 b=2 "},
      {"{{range $v := .Labels}}{{$v}} {{end}}", "1 2 "},
      {"{{range 3}}{{.}}{{end}}", "012"},
      {"{{range $i := 2}}{{$i}}{{end}}{{range 0}}x{{else}}none{{end}}", "01none"},
      {"{{range .Labels.none | printf \"%s\" | len}}x{{else}}none{{end}}", "none"},
      {"{{range $i, $t := .Tags}}{{if $i}}{{break}}{{end}}{{$t}}{{end}}", "x"},
      {"{{range $i, $t := .Tags}}{{if not $i}}{{continue}}{{end}}{{$t}}{{end}}", "y"},
      {"{{range .Tags}}{{range $.Tags}}{{break}}{{end}}{{.}}{{end}}", "xy"},
      {"{{if $n := .Name}}{{$n}}{{end}}", "Ada"},
  });
}

TEST(Template, KeepsVariablesInTheirBlocks) {
  Check({
      {"{{$x := 1}}{{$x}}{{$x = 2}}{{$x}}", "12"},
      {"{{$x := 1}}{{if true}}{{$x := 2}}{{$x}}{{end}}{{$x}}", "21"},
      {"{{$x := 1}}{{range .Tags}}{{$x = .}}{{end}}{{$x}}", "y"},
      {"{{$x := 1}}{{range $x := .Tags}}{{$x}}{{end}}{{$x}}", "xy1"},
      {"{{$i := 0}}{{$t := 0}}{{range $i, $t = .Tags}}{{end}}{{$i}}{{$t}}", "1y"},
      {"{{$x := .Labels}}{{$x.a}}", "1"},
  });
}

TEST(Template, CallsOtherTemplates) {
  Check({
      {R"({{define "d"}}<{{.}}>{{end}}{{template "d" .Name}}{{template "d" 5}}{{template "d"}})",
       "<Ada><5><<no value>>"},
      {R"({{template "d" 1}}{{define "d"}}{{template "u" .}}{{end}}{{define "u"}}u{{.}}{{end}})", "u1"},
      {R"({{block "b" .Name}}block {{.}}{{end}})", "block Ada"},
      {R"({{define "d"}}{{$}}{{end}}{{template "d" 7}})", "7"},
      {R"({{define "d"}} {{end}}{{define "d"}}x{{end}}{{template "d"}})", "x"},
  });
}

TEST(Template, PipesAndCompares) {
  Check({
      {R"({{.Name | printf "%s-%s" "b"}})", "b-Ada"},
      {R"({{(printf "%d" .Count) | len}})", "1"},
      {"{{and 1 0 2}} {{and 1 2}} {{or 0 \"\" \"x\"}} {{or 0 0.0}} {{not 1}}", "0 2 x 0 false"},
      {"{{or 1 (index .Tags 9)}} {{and 0 (index .Tags 9)}}", "1 0"},
      {"{{eq 1 1}} {{eq \"a\" \"b\" \"a\"}} {{ne 1 2}} {{lt 1 2}} {{le 2 2}} {{gt 1.5 2.0}} {{ge \"b\" "
       "\"a\"}}",
       "true true true true true false true"},
      {"{{eq nil nil}} {{eq .Any.none nil}} {{eq true true}}", "true true true"},
      {"{{len .Name}} {{len .Tags}} {{len .Labels}}", "3 2 2"},
      {"{{index .Tags 1}} {{index .Labels \"a\"}} {{index .Labels \"none\"}}| {{index \"abc\" 1}}",
       "y 1 | 98"},
      {"{{slice \"abcdef\" 1 3}} {{slice .Tags 1}} {{slice .Tags 0 1 2}}", "bc [y] [x]"},
      {"{{print 1 2 \"a\" \"b\" 3 4.5 true}}|{{println 1 \"a\"}}", "1 2ab3 4.5 true|1 a\n"},
      {R"({{html "<a b='c'>\"&"}} {{html nil}})", "&lt;a b=&#39;c&#39;&gt;&#34;&amp; &lt;no value&gt;"},
      {R"({{js "it's <b> \\ \"x\" = &"}})", R"(it\'s \u003Cb\u003E \\ \"x\" \u003D \u0026)"},
      {R"({{urlquery "a b&c=d/é~"}})", "a+b%26c%3Dd%2F%C3%A9~"},
  });
}

TEST(Template, SaysWhatFailed) {
  Check({
      {"{{.Nope}}", "template: t:1:2: executing \"t\" at <.Nope>: can't evaluate field Nope in type data"},
      {"a\n b {{.Name.x}}",
       "template: t:2:10: executing \"t\" at <.Name.x>: can't evaluate field x in type string"},
      {"{{eq 1 \"a\"}}",
       "template: t:1:2: executing \"t\" at <eq 1 \"a\">: error calling eq: incompatible types for "
       "comparison"},
      {"{{gt .Ratio 2}}",
       "template: t:1:2: executing \"t\" at <gt .Ratio 2>: error calling gt: incompatible types "
       "for comparison"},
      {"{{lt .Tags .Tags}}",
       "template: t:1:2: executing \"t\" at <lt .Tags .Tags>: error calling lt: invalid type "
       "for comparison"},
      {"{{index .Tags 2}}",
       "template: t:1:2: executing \"t\" at <index .Tags 2>: error calling index: index out of range: 2"},
      {"{{len 3}}", "template: t:1:2: executing \"t\" at <len 3>: error calling len: len of type int"},
      {"{{len}}", "template: t:1:2: executing \"t\" at <len>: wrong number of args for len: want 1 got 0"},
      {"{{printf 1}}", "template: t:1:9: executing \"t\" at <1>: expected string; found 1"},
      {"{{printf .Count}}",
       "template: t:1:9: executing \"t\" at <.Count>: wrong type for value; expected string; got int"},
      {"{{.Name \"x\"}}",
       "template: t:1:2: executing \"t\" at <.Name>: Name has arguments but cannot be invoked as function"},
      {"{{.Labels.a \"x\"}}",
       "template: t:1:9: executing \"t\" at <.Labels.a>: a is not a method but has arguments"},
      {"{{nil}}", "template: t:1:2: executing \"t\" at <nil>: nil is not a command"},
      {"{{1 2}}", "template: t:1:2: executing \"t\" at <1>: can't give argument to non-function 1"},
      {"{{range .Ratio}}{{end}}",
       "template: t:1:8: executing \"t\" at <.Ratio>: range can't iterate over 2.5"},
      {"{{template \"u\"}}",
       "template: t:1:11: executing \"t\" at <{{template \"u\"}}>: template \"u\" not defined"},
      {"{{define \"u\"}}{{.x}}{{end}}{{template \"u\" 1}}",
       "template: t:1:16: executing \"u\" at <.x>: can't evaluate field x in type int"},
      {"{{9223372036854775808}}",
       "template: t:1:2: executing \"t\" at <9223372036854775808>: 9223372036854775808 overflows int"},
  });
}

// Without an end of their own, or with one far away.
TEST(Template, HasLimits) {
  const Limits few{.steps = 1000, .output = 1000, .depth = 50};
  struct {
    const char* text;
    const char* part;
  } const cases[] = {
      {R"({{define "r"}}{{template "r"}}{{end}}{{template "r"}})", "exceeded maximum template depth (50)"},
      {"{{range 1000000000}}{{end}}", "more than 1000 steps"},
      {"{{range 100}}{{range 100}}{{range 100}}{{end}}{{end}}{{end}}", "more than 1000 steps"},
      {"{{range 200}}0123456789{{end}}", "more than 1000 bytes of output"},
      {R"({{printf "%2000d" 1}})", "too much output"},
      {R"({{printf "%10000000d%10000000d" 1 1}})", "too much output"},
      {R"({{printf "%.9999999f" 1.0}})", "too much output"},
      {R"({{$x := "0123456789"}}{{range 20}}{{$x = print $x $x}}{{end}})", "too much output"},
  };
  for (const auto& c : cases) {
    static const FunctionTable kNone;
    const Result<Template> parsed = Template::Parse("t", c.text, kNone);
    ASSERT_TRUE(parsed) << c.text;
    const Result<std::string> written = parsed->Execute(Data(), nullptr, few);
    ASSERT_FALSE(written) << c.text;
    EXPECT_EQ(written.error().code, ErrorCode::kLimit) << c.text;
    EXPECT_NE(written.error().message.find(c.part), std::string::npos) << written.error().message;
  }
}

// Lists within lists within lists: what walks over a value may recurse.
TEST(Template, NestsValuesOnlySoDeep) {
  static const FunctionTable kTable = {
      {"wrap", {{Parameter{}}, false, [](Caller&, Arguments arguments) -> Result<Value> {
                  return Value(
                      std::make_shared<const List>("[]interface {}", std::vector<Value>{arguments[0]}));
                }}}};
  const Result<Template> parsed =
      Template::Parse("t", "{{$x := 1}}{{range 100}}{{$x = wrap $x}}{{end}}{{$x}}", kTable);
  ASSERT_TRUE(parsed);
  const Result<std::string> written = parsed->Execute(Value(), nullptr);
  ASSERT_FALSE(written);
  EXPECT_NE(written.error().message.find("values nested more than 64 deep"), std::string::npos)
      << written.error().message;
}

}  // namespace
}  // namespace sidelight::text_template
