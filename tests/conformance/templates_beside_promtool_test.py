"""The texts of alerts, beside those that Prometheus' promtool makes of the same templates.

One rule file with an annotation for each template goes through `promtool test rules` and `sidelight test rules`, and
both must show the same texts; templates that do not parse go through `promtool check rules` and `sidelight check`,
and both must refuse them in the same words.

$SIDELIGHT is the program under test, $PROMTOOL the other one (default: promtool of the $PATH).
"""

import ast
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

SIDELIGHT = os.environ.get("SIDELIGHT", "sidelight")
PROMTOOL = os.environ.get("PROMTOOL", "promtool")
SKIPPED = 77

# `sort`, as neither program promises an order without it. Over m{foo="bar", instance="db.example.com:5432", ...} with the value of `VALUES`.
TEXTS = r"""
plain
{{ $value }}
{{ .Value }} {{ .Labels.foo }} {{ .ExternalLabels.region }} {{ $externalLabels.region }}
{{ $labels.foo }}|{{ $labels.missing }}|{{ $externalLabels.missing }}|
{{ $labels }}
{{ $labels.__name__ }}
{{ . }}
{{ $ }}
{{ $.Labels.foo }}
{{ printf "%v %T" $labels $labels }}
{{ printf "%v %s %d %q %x" $value $value $value $value $value }}
{{ printf "%.2f|%8.3f|%-8.2f|%+.1f|%08.2f|%e|%g|%G|%6.2f%%" $value $value $value $value $value $value $value $value $value }}
{{ printf "%s|%10s|%-10s|%.2s|%q|%x|%X|% x|%v|%d" "abc" "abc" "abc" "abc" "abc" "abc" "abc" "abc" "abc" "abc" }}
{{ printf "%d|%5d|%-5d|%05d|%x|%X|%o|%b|%c|%q|%U|%+d|%#x|%v|%s" 42 42 42 42 42 42 42 42 42 42 42 42 42 42 42 }}
{{ printf "%t %v %s" true false true }}
{{ printf "%d %d" 1 }}
{{ printf "%d" 1 2 }}
{{ printf "%[2]d %[1]d" 1 2 }}
{{ printf "%*d" 5 42 }}
{{ printf "%!" }}
{{ printf "%z" 1 }}
{{ printf "%" }}
{{ printf "%v" nil }}
{{ printf "%#v %#v %#v" "a" 1 $labels }}
{{ printf "%6.2v" $value }}
{{ print 1 2 "a" "b" 3 4.5 true }}
{{ println 1 "a" 2 }}
{{ print }}
{{ len "abc" }} {{ len $labels }}
{{ len 3 }}
{{ index $labels "foo" }} {{ index $labels "none" }}
{{ index "abc" 1 }}
{{ index "abc" 5 }}
{{ index $labels 1 }}
{{ index $labels "foo" 0 }}
{{ slice "abcdef" 1 3 }} {{ slice "abcdef" 2 }}
{{ slice "abcdef" 3 1 }}
{{ slice "abcdef" 9 }}
{{ html "<a href='x'>\"&" }} {{ "<b>" | html }}
{{ js "it's <b> \\ \"x\" = & \n é" }}
{{ urlquery "a b&c=d/é" }}
{{ and 1 0 2 }} {{ and 1 2 }} {{ or 0 "" "x" }} {{ or 0 "" }} {{ not 1 }} {{ not "" }}
{{ eq 1 1 }} {{ eq "a" "b" "a" }} {{ ne 1 2 }} {{ lt 1 2 }} {{ le 2 2 }} {{ gt 1 2 }} {{ ge 2 2 }} {{ eq 1.5 1.5 }} {{ eq true true }}
{{ eq $value 5.0 }} {{ gt $value 4.5 }}
{{ gt $value 5 }}
{{ eq 1 "a" }}
{{ eq 1 }}
{{ lt true false }}
{{ lt $labels $labels }}
{{ eq $labels.foo "bar" }}
{{ call 1 }}
{{ if $labels.foo }}yes{{ else }}no{{ end }}
{{ if $labels.none }}yes{{ else }}no{{ end }}
{{ if eq $labels.foo "x" }}a{{ else if eq $labels.foo "bar" }}b{{ else }}c{{ end }}
{{ if gt $value 100.0 }}a{{ else if gt $value 1.0 }}b{{ end }}
{{ if and (eq $labels.foo "bar") (gt $value 1.0) }}both{{ end }}
{{ if not (eq $labels.foo "bar") }}x{{ else }}y{{ end }}
{{ if 0.0 }}a{{ else }}b{{ end }}{{ if "" }}a{{ else }}b{{ end }}{{ if nil }}a{{ else }}b{{ end }}
{{ with $labels.foo }}[{{ . }}]{{ end }}
{{ with $labels.none }}[{{ . }}]{{ else }}none{{ end }}
{{ with $x := $labels.foo }}[{{ $x }}]{{ end }}
{{ with query "sort(q)" }}{{ . | first | value }}{{ end }}
{{ range $labels }}[{{ . }}]{{ end }}
{{ range $k, $v := $labels }}{{ $k }}={{ $v }};{{ end }}
{{ range $i, $e := query "sort(q)" }}{{ $i }}:{{ $e.Labels.n }}={{ $e.Value }} {{ end }}
{{ range query "sort(q)" }}{{ .Labels.n }} {{ .Value }},{{ end }}
{{ range query "nothing" }}x{{ else }}none{{ end }}
{{ range $i, $e := query "sort(q)" }}{{ if eq $i 1 }}{{ break }}{{ end }}{{ $i }}{{ end }}
{{ range $i, $e := query "sort(q)" }}{{ if eq $i 1 }}{{ continue }}{{ end }}{{ $i }}{{ end }}
{{ range 3.5 }}x{{ end }}
{{ range "abc" }}x{{ end }}
{{ $x := 1 }}{{ $x }}{{ $x = 2 }}{{ $x }}
{{ $x := 1 }}{{ if true }}{{ $x := 2 }}{{ $x }}{{ end }}{{ $x }}
{{ $x := 1 }}{{ range query "sort(q)" }}{{ $x = .Value }}{{ end }}{{ $x }}
{{ define "t" }}<{{ . }}>{{ end }}{{ template "t" $labels.foo }}{{ template "t" 5 }}{{ template "t" }}
{{ define "t" }}{{ .arg0 }}-{{ .arg1 }}-{{ .arg2 }}{{ end }}{{ template "t" (args "a" 2) }}
{{ block "b" $labels.foo }}block {{ . }}{{ end }}
{{ template "nope" }}
a  {{- " b " -}}  c
a {{- /* comment */ -}} b {{/* another */}} c
{{ "quoted \"text\" \u00e9 \x41" }} {{ `raw \n` }} {{ 'a' }} {{ 0x1F }} {{ 1e3 }} {{ 1_000 }} {{ 1.50 }} {{ -3 }} {{ 0b101 }} {{ 0o17 }}
{{ true }} {{ false }}
{{ nil }}
{{ 9223372036854775808 }}
{{ "a" | printf "%s-%s" "b" }}
{{ $labels.foo | toUpper | printf "%q" }}
{{ (query "sort(q)" | first).Labels.n }}
{{ (index (query "sort(q)") 1).Value }}
{{ 1 | }}
{{ $x = 1 }}
{{ 3 . }}
{{ $value | $value }}
{{ .Nope }}
{{ .Labels.foo.bar }}
{{ $labels.foo.bar }}
{{ $value.x }}
{{ .Labels "x" }}
{{ $labels.foo "x" }}
{{ 1 "x" }}
{{ toUpper "abc é ß" }} {{ toLower "ABC É" }} {{ title "foo bar-baz o_x 1a éa" }}
{{ toUpper 1 }}
{{ toUpper }}
{{ toUpper "a" "b" }}
{{ toUpper $value }}
{{ $value | toUpper }}
{{ match "^b.r$" "bar" }} {{ match "a" "xax" }} {{ match "^a" "xax" }}
{{ match "(" "a" }}
{{ reReplaceAll "(.*):\\d+" "$1" $labels.instance }}
{{ reReplaceAll "(\\w+)\\.(\\w+)" "${2}_$1|$1x|$$|$" "foo.bar baz.qux" }}
{{ reReplaceAll "" "-" "abc" }} {{ reReplaceAll "x*" "-" "abxxc" }} {{ reReplaceAll "b*$" "-" "abb" }} {{ reReplaceAll "^" ">" "abc" }}
{{ reReplaceAll "(?P<n>a+)" "[${n}]" "baab" }}
{{ reReplaceAll "[" "" "x" }}
{{ reReplaceAll "a**" "" "x" }}
{{ reReplaceAll "\\" "" "x" }}
{{ reReplaceAll "a{2000}" "" "x" }}
{{ reReplaceAll "é" "e" "Caféé" }}
{{ stripPort "a:1" }} {{ stripPort "a" }} {{ stripPort "[::1]:80" }} {{ stripPort "::1" }} {{ stripPort "a:b:c" }} {{ stripPort $labels.instance }}
{{ stripDomain "a.b.c:80" }} {{ stripDomain "a.b.c" }} {{ stripDomain "1.2.3.4:80" }} {{ stripDomain "1.2.3.4" }} {{ stripDomain "[::1]:80" }} {{ stripDomain "a" }} {{ stripDomain "[a.b]:1" }} {{ stripDomain "::1" }} {{ stripDomain "a.b:" }}
{{ safeHtml "<b>" }}
{{ graphLink "up == 0" }} {{ tableLink "rate(x[5m])" }}
{{ humanize $value }} {{ humanize 0 }} {{ humanize 1234567 }} {{ humanize 0.00012345 }} {{ humanize -1234 }} {{ humanize "1234.5" }} {{ humanize 1e30 }} {{ humanize 1e-30 }} {{ humanize 999.99 }} {{ humanize 1 }} {{ humanize 1000 }}
{{ humanize "abc" }}
{{ humanize "" }}
{{ humanize "1e999" }}
{{ humanize "0x1p4" }} {{ humanize "1_000" }}
{{ humanize "inf" }} {{ humanize "-Inf" }} {{ humanize "nan" }}
{{ humanize $labels }}
{{ humanize nil }}
{{ humanize true }}
{{ humanize1024 $value }} {{ humanize1024 0 }} {{ humanize1024 1048576 }} {{ humanize1024 1023 }} {{ humanize1024 -2048 }} {{ humanize1024 0.5 }} {{ humanize1024 1e30 }} {{ humanize1024 1 }}
{{ humanizeDuration $value }} {{ humanizeDuration 0 }} {{ humanizeDuration 1 }} {{ humanizeDuration 60 }} {{ humanizeDuration 3600 }} {{ humanizeDuration 86400 }} {{ humanizeDuration 90061.5 }} {{ humanizeDuration -3661 }} {{ humanizeDuration 0.05 }} {{ humanizeDuration 1e-7 }} {{ humanizeDuration 59.99999 }} {{ humanizeDuration -0.5 }} {{ humanizeDuration "123" }} {{ humanizeDuration 1e20 }} {{ humanizeDuration 1.5 }} {{ humanizeDuration -1e20 }}
{{ humanizePercentage $value }} {{ humanizePercentage 0.123456 }} {{ humanizePercentage 0 }} {{ humanizePercentage -0.5 }} {{ humanizePercentage 100 }} {{ humanizePercentage 1234 }}
{{ humanizeTimestamp $value }} {{ humanizeTimestamp 1435065584.128 }} {{ humanizeTimestamp -1 }} {{ humanizeTimestamp -0.5 }} {{ humanizeTimestamp 1.0005 }} {{ humanizeTimestamp "1700000000" }} {{ humanizeTimestamp 0 }}
{{ humanizeTimestamp 1e300 }}
{{ humanizeTimestamp 1e20 }}
{{ humanizeTimestamp -1e10 }}
{{ humanizeTimestamp "inf" }} {{ humanizeTimestamp "nan" }}
{{ toTime 1435065584.128 }} {{ toTime "1700000000" }}
{{ (toTime 1435065584.128).Format "2006-01-02T15:04:05.000Z07:00 Mon Monday Jan January _2 2 02 3 03 PM pm 06 1 01 4 5 002 __2 .999 MST -0700 -07 _2006" }}
{{ (toTime 1435065584).Year }} {{ (toTime 1435065584).Month }} {{ (toTime 1435065584).Day }} {{ (toTime 1435065584).Weekday }} {{ (toTime 1435065584).Unix }} {{ (toTime 1435065584).YearDay }} {{ (toTime 1435065584).UnixNano }}
{{ printf "%d %s" (toTime 1435065584).Month (toTime 1435065584).Weekday }}
{{ (toTime 1435065584).Add 3000000000 }} {{ (toTime 1435065584).AddDate 1 2 30 }} {{ (toTime 100).Sub (toTime 40) }} {{ (toTime 100).After (toTime 40) }}
{{ ((toTime 10000).Sub (toTime 40.5)).Hours }} {{ (((toTime 10000).Sub (toTime 40.5)).Round 60000000000) }}
{{ (toTime 5.5).Truncate 1000000000 }} {{ (toTime 5.5).Round 1000000000 }}
{{ eq (toTime 1435065584).Month 6 }}
{{ toTime "x" }}
{{ toTime "nan" }}
{{ humanizeDuration (toTime 0) }}
{{ parseDuration "1h30m" }} {{ parseDuration "100ms" }} {{ parseDuration "0" }}
{{ parseDuration "x" }}
{{ parseDuration "" }}
{{ parseDuration "1.5h" }}
{{ query "sort(q)" | first | label "n" }} {{ query "q{n='a'}" | first | value }} {{ query "sort(q)" | first | strvalue }}
{{ with query "nothing" }}some{{ else }}none{{ end }}
{{ query "nothing" | first }}
{{ first (query "nothing") }}
{{ query "nothing" }}
{{ range sortByLabel "n" (query "sort(q)") }}{{ .Labels.n }},{{ end }} {{ range query "sort(q)" | sortByLabel "none" }}{{ .Labels.n }},{{ end }}
{{ query "sum(" }}
{{ query "1 +" }}
{{ query "'text'" }}
{{ query "q[5m]" }}
{{ range query "3" }}{{ .Value }} {{ .Labels }}{{ end }}
{{ query 3 }}
{{ label "n" 3 }}
{{ value "x" }}
{{ value nil }}
{{ first nil }}
{{ label "n" nil }}
{{ query nil }}
{{ args 1 "a" }}
{{ (args 1).arg0 }} {{ (args 1).arg7 }}
{{ printf "%v" (args 1.5 true) }}
{{ query "sort(q)" | len }}
{{ query (printf "q{n=%q}" "a") | first | value | humanize }}
{{ range $a := query "sort(q)" }}{{ range $b := query "sort(q)" }}{{ $a.Value }}{{ $b.Value }} {{ end }}{{ end }}
{{ 1e6 }} {{ 1000000.0 }} {{ 123456789.0 }} {{ 1e21 }} {{ 0.00001 }} {{ 0.1 }} {{ 100000.0 }}
{{ print 1e6 }} {{ print 21.0 }}
{{ printf "%.0f" 1e6 }} {{ printf "%v" 1e6 }} {{ printf "%5.1f|%-7.2f|" 3.14159 2.0 }}
{{ printf "%s" $labels.foo | len }}
{{ printf "%3c|%-3c|%03d|%+.2e|%+q|%#q|%#o|% d|%x" 65 66 7 12345.678 "é" "raw" 8 9 "hi" }}
{{ printf "%08.3f|%+08.3f|%-8.3f|% .3f|%x|%6.3v" -3.14159 3.14159 3.14159 3.14159 1.5 3.14159 }}
{{ printf "%v %v" (query "nothing") (args) }}
{{ printf "%5t|%-7t|%q" true false 'x' }}
{{ printf "%.3x|%10.3q|%-10q|%T %T %T %T" "abcdef" "abcdef" "a" 1 1.5 "a" true }}
{{ printf "%.*f %[1]v" 2 3.14159 }}
{{ printf "%[5]d" 1 }} {{ printf "%[x]d" 1 }} {{ printf "%[1]d %d" 1 2 }}
{{ printf 1 }}
{{ printf }}
{{ $labels.foo }}{{ "{{" }}{{ "}}" }} }} {
{{ ($labels).foo }} {{ (($labels.foo)) }}
{{ $x := $labels }}{{ $x.foo }}
{{ $v := $value | humanize }}{{ $v }}
{{ (printf "%s" "a").b }}
{{if true}}a{{end}}{{if false}}b{{end}}
{{ define "a" }}A{{ template "b" . }}{{ end }}{{ define "b" }}B{{ . }}{{ end }}{{ template "a" 1 }}
{{ define "r" }}{{ template "r" . }}{{ end }}x
{{ with 1 }}{{ with 2 }}{{ . }}{{ $.Value }}{{ end }}{{ . }}{{ end }}
{{ range $i, $v := query "sort(q)" }}{{ if $i }}, {{ end }}{{ $v.Labels.n }}{{ end }}
{{ range $i := query "sort(q)" }}{{ $i.Labels.n }}{{ end }}
{{ or nil "x" }} {{ and nil "x" }}
{{ eq nil nil }}
{{ not nil }}
{{ index nil 1 }}
{{ slice nil }}
{{ slice "abc" 1 2 3 }}
{{ slice 5 1 }}
{{ index 5 1 }}
{{ ne "a" "b" }} {{ le "a" "b" }} {{ ge 1.5 1.0 }} {{ eq "a" "b" "c" }}
{{ html 1 2 "a" }} {{ js 5 }} {{ urlquery "a" 1 }}
{{ html $labels }}
"""

# Each a template that does not parse.
WRONG = r"""
{{ 99999999999999999999 }}
{{ $value | 3 }}
{{ $value
{{ $value }
{{ $label }}
{{ nofunc }}
{{ if }}x{{ end }}
{{ if true }}x
{{ end }}
{{ else }}
{{ range }}x{{ end }}
{{ if true }}a{{ else }}b{{ else }}c{{ end }}
{{ "abc }}
{{ `abc }}
{{ 'a }}
{{ 'ab' }}
{{ 1x }}
{{ 1.2.3 }}
{{ ( 1 }}
{{ }}
{{ | 1 }}
{{ 1 || 2 }}
{{ $x }}
{{ $x, $y := 1 }}
{{ $x := }}
{{ range $a, $b, $c := query "sort(q)" }}{{ end }}
{{ template }}
{{ template x }}
{{ template "x" "y" "z" }}x{{ end }}
{{ define "x" }}
{{ define x }}{{ end }}
{{ define "x" }}a{{ end }}{{ define "x" }}b{{ end }}
{{ block "x" }}{{ end }}
{{ break }}
{{ continue }}
{{ range query "sort(q)" }}{{ break 1 }}{{ end }}
{{ /* comment }}
{{/* comment */ x }}
{{ @ }}
{{ a.b }}
{{ .a@b }}
{{ $a@ }}
{{ % }}
{{ "\q" }}
{{ :x }}
{{ "a".b }}
{{ nil.b }}
{{ 3 | 4 }}
{{ 1 | "a" }}
{{ if true }}{{ $y := 1 }}{{ end }}{{ $y }}
{{ with $z := 1 }}{{ end }}{{ $z }}
{{ define "t" }}{{ $labels.foo }}{{ end }}
{{ if true }}{{ define "x" }}{{ end }}{{ end }}
{{ template "a" . }}{{ end }}
{{ and }}{{ or . }}{{ not_there 1 }}
{{ .Labels.foo-bar }}
{{ $labels.foo-bar }}
{{ printf "%d" 1, 2 }}
{{ x := 1 }}
{{ 0x }}
{{ 1e }}
{{ 0b12 }}
{{ 08 }}
{{ 1__0 }}
{{ !true }}
{{ true && false }}
{{ $value > 5 }}
{{ $value == 5 }}
{{ if $value > 5 }}x{{ end }}
"""

VALUES = ["5", "1e6", "0.1", "-3.75", "1234567.891", "1e21", "1e-7", "NaN", "+Inf", "100000", "0"]


def lines(text):
    return [line for line in text.strip("\n").split("\n")]


def quoted(text):
    """A YAML string."""
    return "'" + text.replace("'", "''") + "'"


def rule_file(templates):
    rules = ["groups:", "- name: g", "  rules:", "  - alert: A", "    expr: m == m or m", "    annotations:"]
    return "\n".join(rules + [f"      a{i}: {quoted(t)}" for i, t in enumerate(templates)]) + "\n"


def test_file(value):
    return f"""rule_files: [rules.yml]
tests:
- interval: 1m
  input_series:
  - {{series: 'm{{foo="bar",instance="db.example.com:5432"}}', values: "{value} {value}"}}
  - {{series: 'q{{n="b"}}', values: "2 2"}}
  - {{series: 'q{{n="a"}}', values: "1 1"}}
  - {{series: 'q{{n="c",__value__="text"}}', values: "3 3"}}
  external_labels: {{region: eu}}
  external_url: http://prometheus.example:9090/prefix
  alert_rule_test:
  - {{eval_time: 1m, alertname: A, exp_alerts: []}}
"""


def run(program, *arguments, directory):
    done = subprocess.run([program, *arguments], cwd=directory, capture_output=True, text=True, timeout=60)
    return done.stdout + "\n" + done.stderr


def annotations(output):
    """What a test that fails says that it got, by the annotation's number."""
    got = output[output.index("got:["):]
    found = re.findall(r'[{ ]a(\d+)=("(?:[^"\\]|\\.)*")', got[got.index("Annotations:"):])
    return {int(number): ast.literal_eval(text) for number, text in found}


# Where the words of Go 1.19 and of the Prometheus that Debian has are others than today's.
def today(text):
    text = text.replace("Value float64 }", "Value interface {} }")
    return text


class TemplatesBesidePromtool(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)

    def test_texts(self):
        templates = lines(TEXTS)
        (self.directory / "rules.yml").write_text(rule_file(templates))
        for value in VALUES:
            (self.directory / "test.yml").write_text(test_file(value))
            theirs = annotations(run(PROMTOOL, "test", "rules", "test.yml", directory=self.directory))
            ours = annotations(run(SIDELIGHT, "test", "rules", "test.yml", directory=self.directory))
            self.assertEqual(len(theirs), len(templates))
            for i, template in enumerate(templates):
                with self.subTest(template=template, value=value):
                    self.assertEqual(ours.get(i, ""), today(theirs[i]))

    def test_what_does_not_parse(self):
        for template in lines(WRONG):
            (self.directory / "rules.yml").write_text(rule_file([template]))
            theirs = run(PROMTOOL, "check", "rules", "rules.yml", directory=self.directory)
            ours = run(SIDELIGHT, "check", "rules.yml", directory=self.directory)
            words = re.search(r"template: .*", theirs)
            with self.subTest(template=template):
                self.assertIsNotNone(words, theirs)
                self.assertIn(today(words[0]), ours)


if __name__ == "__main__":
    if shutil.which(PROMTOOL) is None:
        print(f"skipped: {PROMTOOL} is not installed (Debian's package prometheus has it)")
        sys.exit(SKIPPED)
    unittest.main()
