// What does not parse, and in which words. Every expectation is what Go's text/template says.
#include <gtest/gtest.h>

#include <string>

#include "tests/rules/template/execute.h"

namespace sidelight::text_template {
namespace {

TEST(ParseErrors, AreThoseOfGo) {
  struct {
    const char* text;
    const char* wanted;
  } const cases[] = {
      {"{{", "template: t:1: unclosed action"},
      {"a\nb {{ 1", "template: t:2: unclosed action"},
      {"{{ 1\n", "template: t:2: unclosed action started at t:1"},
      {"{{ $label }}", "template: t:1: undefined variable \"$label\""},
      {"{{ nofunc }}", "template: t:1: function \"nofunc\" not defined"},
      {"{{ }}", "template: t:1: missing value for command"},
      {"{{ if }}x{{ end }}", "template: t:1: missing value for if"},
      {"{{ if true }}x", "template: t:1: unexpected EOF"},
      {"{{ end }}", "template: t:1: unexpected {{end}}"},
      {"{{ else }}", "template: t:1: unexpected {{else}}"},
      {"{{ if 1 }}{{ else }}{{ else }}{{ end }}", "template: t:1: expected end; found {{else}}"},
      {"{{ \"abc }}", "template: t:1: unterminated quoted string"},
      {"{{ `abc }}", "template: t:1: unterminated raw quoted string"},
      {"{{ 'a }}", "template: t:1: unterminated character constant"},
      {"{{ 'ab' }}", "template: t:1: malformed character constant: 'ab'"},
      {"{{ 1x }}", "template: t:1: bad number syntax: \"1x\""},
      {"{{ 08 }}", "template: t:1: integer overflow: \"08\""},
      {"{{ 99999999999999999999 }}", "template: t:1: integer overflow: \"99999999999999999999\""},
      {"{{ 1__0 }}", "template: t:1: illegal number syntax: \"1__0\""},
      {"{{ (1 }}", "template: t:1: unclosed left paren"},
      {"{{ $x = }}", "template: t:1: missing value for command"},
      {"{{ $x, $y := 1 }}", "template: t:1: too many declarations in command"},
      {"{{ range $a, $b, $c := . }}{{ end }}", "template: t:1: too many declarations in range"},
      {"{{ template x }}", "template: t:1: unexpected \"x\" in template clause"},
      {"{{ define \"x\" }}", "template: t:1: unexpected EOF"},
      {"{{ break }}", "template: t:1: {{break}} outside {{range}}"},
      {"{{ /* c }}", "template: t:1: unexpected \"/\" in command"},
      {"{{/* c }}", "template: t:1: unclosed comment"},
      {"{{/* c */ x }}", "template: t:1: comment ends before closing delimiter"},
      {"{{ € }}", "template: t:1: unrecognized character in action: U+20AC '€'"},
      {"{{ a-b }}", "template: t:1: bad character U+002D '-'"},
      {"{{ .Labels.a-b }}", "template: t:1: bad character U+002D '-'"},
      {"{{ 1 | 2 }}", "template: t:1: non executable command in pipeline stage 2"},
      {"{{ \"a\".b }}", "template: t:1: unexpected . after term \"\\\"a\\\"\""},
      {"{{ 1 == 2 }}", "template: t:1: unexpected \"=\" in operand"},
      {"{{ if true }}{{ $y := 1 }}{{ end }}{{ $y }}", "template: t:1: undefined variable \"$y\""},
      {"{{ define \"x\" }}a{{ end }}{{ define \"x\" }}b{{ end }}",
       "template: t:1: template: multiple definition of template \"x\""},
      {"{{ if true }}{{ define \"x\" }}{{ end }}{{ end }}", "template: t:1: unexpected <define> in command"},
  };
  for (const auto& c : cases) EXPECT_EQ(Written(c.text), c.wanted) << c.text;
}

TEST(ParseErrors, NestingHasALimit) {
  static const FunctionTable kNone;
  std::string blocks;
  for (int i = 0; i < 1000; ++i) blocks += "{{if 1}}";
  const std::string parentheses = "{{" + std::string(1000, '(') + "1" + std::string(1000, ')') + "}}";
  std::string chained = "{{if 1}}";
  for (int i = 0; i < 1000; ++i) chained += "{{else if 1}}";
  chained += "{{end}}";
  for (const std::string& text : {blocks, parentheses, chained}) {
    const Result<Template> parsed = Template::Parse("t", text, kNone);
    ASSERT_FALSE(parsed) << text.substr(0, 40);
    EXPECT_EQ(parsed.error().code, ErrorCode::kLimit) << parsed.error().message;
  }
}

}  // namespace
}  // namespace sidelight::text_template
