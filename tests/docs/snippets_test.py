#!/usr/bin/python3
"""Every ```yaml block of the pages is true: `sidelight check` takes configurations, rule files and Kubernetes' objects;
values of the chart have keys that the chart has, and a configuration that is right; and lines of a team's chart stand
in the example.

The program is $SIDELIGHT."""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import yaml

from pages import ROOT, blocks

TAP = "taps: [{name: api, protocol: http, listen: 0.0.0.0:8080, upstream: '127.0.0.1:8081'}]\n"
# Files of others, and parts of files, that are read as YAML and no further: by a key, or all keys, at their top.
OTHERS = {"scrape_configs", "inhibit_rules", "dependencies", "tests", "http_headers", "alert"}


def unknown_keys(values, defaults, path=""):
    """The keys of these values that the chart's own lack. What is empty there is the team's to fill."""
    for key, value in values.items():
        if key not in defaults:
            yield f"{path}{key}"
        elif isinstance(value, dict) and isinstance(defaults[key], dict) and defaults[key]:
            yield from unknown_keys(value, defaults[key], f"{path}{key}.")


class SnippetsTest(unittest.TestCase):
    def check(self, text):
        """`sidelight check` takes it, with some value for what comes from the environment."""
        names = re.findall(r"\$\{env:(\w+)\}", text)
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "rules").mkdir()
            pathlib.Path(folder, "rules/one.yaml").write_text("groups: []\n")
            file = pathlib.Path(folder, "snippet.yaml")
            file.write_text(text, "utf-8")
            environment = {**os.environ, **dict.fromkeys(names, "1")}
            ended = subprocess.run([os.environ["SIDELIGHT"], "check", file], env=environment, capture_output=True,
                                   text=True, timeout=120, check=False)
        self.assertEqual(ended.returncode, 0, f"\n{text}\n{ended.stdout}{ended.stderr}")

    def check_values(self, values):
        defaults = yaml.safe_load((ROOT / "helm/sidelight/values.yaml").read_text("utf-8"))
        config = values.pop("config", None)
        self.assertEqual(list(unknown_keys(values, defaults)), [], "the chart has no such values")
        if config:
            self.check(yaml.safe_dump(config))

    def check_template(self, text):
        example = (ROOT / "helm/examples/checkout/templates/deployment.yaml").read_text("utf-8")
        lines = {line.strip() for line in example.splitlines()}
        missing = [line.strip() for line in text.splitlines() if line.strip() not in lines]
        self.assertEqual(missing, [], "the example has no such lines")

    def check_block(self, text):
        if "{{- include" in text:
            self.check_template(text)
            return
        documents = list(yaml.safe_load_all(text))
        top = documents[0][0] if isinstance(documents[0], list) else documents[0]
        if set(top) == {"sidelight"}:
            self.check_values(top["sidelight"])
        elif not OTHERS & set(top):
            ready = "taps" in top or "groups" in top or "apiVersion" in top
            self.check(text if ready else f"{text}\n{TAP}")

    def test_every_block(self):
        found = list(blocks("yaml"))
        self.assertGreater(len(found), 20)
        for place, text in found:
            with self.subTest(place):
                self.check_block(text)


if __name__ == "__main__":
    unittest.main()
