#!/usr/bin/python3
"""What the pages say about the chart renders, and `sidelight check` takes what comes out: the values that they show, in
the team's chart of helm/examples, and each of their commands `helm install`."""

import os
import pathlib
import shlex
import subprocess
import sys
import unittest

import yaml

import examples
import helm
import matrix

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "docs"))

from pages import blocks  # noqa: E402


def values():
    """(page:line, values of Sidelight) of each block that is values of a team's chart."""
    for place, text in blocks("yaml"):
        if text.startswith("sidelight:\n"):
            yield place, yaml.safe_load(text)["sidelight"]


def installations():
    """(page:line, the flags) of each command that installs this chart by itself as `demo`."""
    for place, text in blocks("sh"):
        for line in text.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if words[:4] == ["helm", "install", "demo", "helm/sidelight"]:
                yield place, words[4:]


def render(flags):
    """The manifests of such a command, of which --values and --set KEY=VALUE are known."""
    charts, files, said = helm.charts(), [], {}
    for flag, value in zip(flags[::2], flags[1::2], strict=True):
        if flag == "--values":
            files.append(charts / value)
            continue
        assert flag == "--set", f"the flag {flag} is not known here"
        path, _, text = value.partition("=")
        inner = yaml.safe_load(text)
        for key in reversed(path.split(".")):
            inner = {key: inner}
        said = matrix.merged(said, inner)
    return helm.template(charts / "helm/sidelight", said, *files, release="demo")


class DocumentationTest(unittest.TestCase):
    def check(self, manifests):
        ended = subprocess.run([os.environ["SIDELIGHT"], "check", "-"], input=manifests, capture_output=True, text=True,
                               timeout=300, check=False)
        self.assertEqual(ended.returncode, 0, f"{ended.stdout}{ended.stderr}")

    def test_values_render(self):
        found = list(values())
        self.assertGreater(len(found), 5)
        for place, shown in found:
            with self.subTest(place):
                self.check(examples.checkout(shown))

    def test_commands_render(self):
        found = list(installations())
        self.assertGreater(len(found), 3)
        for place, flags in found:
            with self.subTest(place, flags=flags):
                self.check(render(flags))


if __name__ == "__main__":
    helm.install()
    unittest.main()
