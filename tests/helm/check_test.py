#!/usr/bin/python3
"""`helm template ... | sidelight check -`: what the examples and the matrix render is right, and what Sidelight would
refuse when a pod starts is refused here, in the words and with the places that a team needs."""

import os
import subprocess
import sys
import tempfile
import unittest

import examples
import helm
import matrix

TAP = matrix.HTTP_TAP
# Where the error is; a line and a column follow.
CONFIG = "ConfigMap/shop-observer/sidelight.yaml"
PLACE = r"\d+:\d+: "
RULES = "ConfigMap/shop-observer/a.yaml"
WORDS = """
observer:
  config:
    taps: [{name: api, protocol: http, listen: "0.0.0.0:8080", upstream: "127.0.0.1:8081", proxy_protocol: off}]
    web: {lifecycle: off}
    promql: {experimental: yes}
    limits: {drain_delay: 0, series: 1000000}
"""
OTHERS = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {b: c}\n"


def group(**rule):
    return {"groups": [{"name": "team", "rules": [rule]}]}


# (values that helm takes, where `sidelight check` sees what is wrong, and what it says about it).
REFUSED = (
    ({"config": {"taps": [{**TAP, "upsteam": "a:1"}]}}, f"{CONFIG}:{PLACE}", ['unknown key "upsteam"', '"upstream"']),
    ({"config": {"taps": [{"name": "a", "protocol": "http", "listen": "0.0.0.0:1"}]}}, f"{CONFIG}:{PLACE}", ["upstream"]),
    ({"config": {"taps": [{**TAP, "protocol": "htpt"}]}}, f"{CONFIG}:{PLACE}", ['"htpt"', "http"]),
    ({"config": {"taps": [TAP], "intervall": "5s"}}, f"{CONFIG}:{PLACE}", ['unknown key "intervall"', '"interval"']),
    ({"config": {"taps": [TAP], "interval": "5 s"}}, f"{CONFIG}:{PLACE}", ['"5 s"']),
    ({"config": {"taps": [TAP], "limits": {"series": "many"}}}, f"{CONFIG}:{PLACE}", ['"many"']),
    ({"config": {"taps": [TAP], "packs": ["htpt"]}}, f"{CONFIG}:{PLACE}", ['"htpt"']),
    ({"config": {"taps": [TAP], "listen": ":9464"}}, f"{CONFIG}:{PLACE}", ['":9464"', "0.0.0.0"]),
    ({"config": {"taps": [TAP], "rule_files": ["gone.yaml"]}}, CONFIG, ["gone.yaml is not in the ConfigMap"]),
    ({"config": {"taps": [TAP], "external_labels": {"tenant": "${env:TENANT}"}}}, f"{CONFIG}:{PLACE}", ["TENANT"]),
    ({"config": {"taps": [TAP]}, "rules": {"a.yaml": group(alert="A", expr="sum(")}}, f"{RULES}:{PLACE}", []),
    ({"config": {"taps": [TAP]}, "rules": {"a.yaml": group(alert="A", expr="up", fro="1m")}},
     f"{RULES}:{PLACE}", ['unknown key "fro"']),
    ({"config": {"taps": [TAP]}, "rules": {"a.yaml": "groups: {"}}, f"{RULES}:{PLACE}", []),
    ({"config": {"taps": [TAP]}, "rules": {"a.yaml": group(alert="A", expr="up", annotations={"a": "{{ $value "})}},
     f"{RULES}:{PLACE}", ["template"]),
)


def check(manifests):
    """(exit code, standard output, standard error); with nothing of the environment that the manifests do not give."""
    ended = subprocess.run([os.environ["SIDELIGHT"], "check", "-"], input=manifests, capture_output=True, text=True,
                           timeout=300, check=False, env={"PATH": os.environ["PATH"]})
    return ended.returncode, ended.stdout, ended.stderr


class CheckTest(unittest.TestCase):
    def passes(self, manifests):
        code, output, error = check(manifests)
        self.assertEqual((code, error), (0, ""), output)
        return output

    def test_the_examples_pass(self):
        for name, example in examples.EXAMPLES.items():
            with self.subTest(example=name):
                self.assertIn("/sidelight.yaml: ok\n", self.passes(example()))

    def test_rule_files_and_prometheus_rules_are_read(self):
        output = self.passes(examples.checkout({"prometheusRule": {"enabled": True, "packs": ["http", "slo"]}}))
        for path in ("ConfigMap/shop-sidelight/checkout.yaml", "PrometheusRule/shop-sidelight-http",
                     "PrometheusRule/shop-sidelight-slo"):
            self.assertRegex(output, rf"(?m)^{path}: ok \(\d+ rules?\)$")

    def test_the_matrix_passes(self):
        for row in matrix.rows(matrix.SWITCHES):
            with self.subTest(row=row):
                code, output, error = check(examples.team(matrix.values(row, matrix.SWITCHES)))
                self.assertEqual(code, 0, f"{output}{error}")

    def test_what_would_be_refused_is_refused(self):
        for values, where, wanted in REFUSED:
            with self.subTest(values=values):
                code, output, error = check(examples.team(values))
                self.assertEqual(code, 1, f"{output}{error}")
                self.assertRegex(error, f"(?m)^{where}")
                self.assertEqual([], [words for words in wanted if words not in error], error)

    def test_words_that_yaml_takes_for_others(self):
        """`off` in a values.yaml is a boolean by the time that a template sees it."""
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(WORDS)
            file.flush()
            manifests = helm.template(helm.charts() / "tests/helm/team", None, file.name)
        self.passes(manifests)
        config = next(item["data"]["sidelight.yaml"] for _, item in helm.objects(manifests) if item["kind"] == "ConfigMap")
        for line in ('proxy_protocol: "off"', 'lifecycle: "off"', "experimental: true"):
            self.assertRegex(config, f"(?m)^ *{line}$")

    def test_all_that_is_wrong_is_said_at_once(self):
        values = matrix.merged(matrix.merged(REFUSED[3][0], REFUSED[10][0]), {"config": {"packs": ["htpt"]}})
        _, _, error = check(examples.team(values))
        for words in ("intervall", '"htpt"'):
            self.assertIn(words, error)

    def test_where_there_is_nothing_of_sidelight(self):
        for nothing, said in (("", "it is empty"), ("---\n", "there is nothing in it for Sidelight"),
                              (OTHERS, "there is nothing in it for Sidelight")):
            with self.subTest(input=nothing):
                code, _, error = check(nothing)
                self.assertEqual(code, 1)
                self.assertIn(said, error)


if __name__ == "__main__":
    if not os.environ.get("SIDELIGHT"):
        sys.exit("SIDELIGHT must name the program to test; ctest sets it")
    helm.install()
    unittest.main()
