"""The packs with what is written about them: annotations, runbooks, unit tests, docs/rules.md.

The packs are read as the text that they are: a block for each rule, a line for each key. $SIDELIGHT is the program.
"""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
PACKS = ROOT / "rules" / "packs"
RUNBOOKS = ROOT / "docs" / "runbooks"
CONFIG = pathlib.Path(__file__).with_name("all_protocols.yaml")
HEADINGS = ["What it means", "How to look", "What to do"]
SEVERITIES = {"critical", "warning"}


class Alert:
    def __init__(self, pack, block):
        self.pack = pack
        self.name = block.split("\n", 1)[0].strip()
        self.text = block
        self.severity = self.key("severity")

    def key(self, key):
        found = re.search(rf"^ +{key}: (.*)$", self.text, re.M)
        return found.group(1).strip("'") if found else None


def packs():
    return sorted(path.stem for path in PACKS.glob("*.yaml") if not path.stem.endswith("_test"))


def alerts():
    return [
        Alert(pack, re.split(r"\n      - (?:record|alert): |\n  - name: ", block)[0])
        for pack in packs()
        for block in re.split(r"\n      - alert: ", (PACKS / f"{pack}.yaml").read_text())[1:]
    ]


def run(*arguments):
    done = subprocess.run([os.environ["SIDELIGHT"], *map(str, arguments)], capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout + done.stderr


class Documentation(unittest.TestCase):
    maxDiff = None

    def test_each_alert_says_what_it_must(self):
        self.assertTrue(alerts())
        for alert in alerts():
            with self.subTest(alert=alert.name):
                self.assertIn(alert.severity, SEVERITIES)
                self.assertIn("$labels.", alert.key("summary"), "the summary says of what")
                self.assertTrue(alert.key("description"))
                self.assertEqual(alert.key("runbook_url"), f"docs/runbooks/{alert.name}.md")

    def test_each_alert_has_its_runbook_and_each_runbook_its_alert(self):
        self.assertEqual(sorted(path.stem for path in RUNBOOKS.glob("*")), sorted(alert.name for alert in alerts()))

    def test_runbooks_have_their_parts(self):
        for alert in alerts():
            with self.subTest(alert=alert.name):
                text = (RUNBOOKS / f"{alert.name}.md").read_text()
                self.assertEqual(re.findall(r"^# (.*)$", text, re.M), [alert.name])
                self.assertEqual(re.findall(r"^## (.*)$", text, re.M), HEADINGS)
                self.assertIn(f"\nPack `{alert.pack}`, {alert.severity}", text)
                for part in re.split(r"^## .*$", text, flags=re.M):
                    self.assertTrue(part.strip(), "a part is empty")

    def test_links_lead_somewhere(self):
        for path in [*RUNBOOKS.glob("*.md"), ROOT / "docs" / "rules.md"]:
            for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text()):
                if "://" not in link:
                    self.assertTrue((path.parent / link).exists(), f"{path.name}: {link} is not there")

    def test_queries_of_runbooks_ask_for_what_there_is(self):
        rules = ["groups:", "  - name: runbooks", "    rules:"]
        for path in sorted(RUNBOOKS.glob("*.md")):
            queries = re.findall(r"^```promql\n(.*?)^```$", path.read_text(), re.M | re.S)
            for number, query in enumerate(queries):
                rules += [f"      - record: {path.stem}:{number}", "        expr: |"]
                rules += [f"          {line}" for line in query.splitlines()]
        self.assertGreater(len(rules), 100)
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "runbooks.yaml"
            file.write_text("\n".join(rules) + "\n")
            code, output = run("check", "--config", CONFIG, file, PACKS / "slo.yaml")
        self.assertEqual(code, 0, output)
        self.assertNotIn("warning", output)

    def test_packs_are_right_for_taps_of_all_protocols(self):
        code, output = run("check", "--config", CONFIG, *(PACKS / f"{pack}.yaml" for pack in packs()))
        self.assertEqual(code, 0, output)
        self.assertNotIn("warning", output)
        self.assertEqual(output.count(": ok ("), len(packs()), output)

    def test_a_configuration_with_all_packs_is_right(self):
        code, output = run("check", CONFIG)
        self.assertEqual(code, 0, output)
        self.assertNotIn("warning", output)

    def test_each_alert_has_unit_tests(self):
        for alert in alerts():
            with self.subTest(alert=alert.name):
                tests = (PACKS / f"{alert.pack}_test.yaml").read_text()
                shown = rf"alertname: {alert.name}\n +exp_alerts:\n +- exp_labels: .*severity: {alert.severity}"
                self.assertRegex(tests, shown, "no unit test shows its labels and texts")
                firing = re.findall(r"exp_samples:(.*?)(?=\n      - |\n    \w|\Z)", tests, re.S)
                self.assertTrue(any(alert.name in names for names in firing), "no unit test says when it fires")
                self.assertTrue(any(alert.name not in names for names in firing), "... and when not")

    def test_prometheus_takes_them_too(self):
        if shutil.which("promtool") is None:
            self.skipTest("promtool is not installed")
        for pack in packs():
            for command in (["check", "rules", PACKS / f"{pack}.yaml"], ["test", "rules", PACKS / f"{pack}_test.yaml"]):
                with self.subTest(pack=pack, command=command[0]):
                    done = subprocess.run(["promtool", *map(str, command)], capture_output=True, text=True, timeout=300)
                    self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_the_table_of_rules_md(self):
        text = (ROOT / "docs" / "rules.md").read_text()
        packs_section = text[text.index("\n## Packs\n") :]
        rows = re.findall(r"^\| \[(\w+)\]\(runbooks/(\w+)\.md\) \| (\w+) \|", packs_section, re.M)
        self.assertEqual(sorted(rows), sorted((a.name, a.name, a.severity) for a in alerts()))


if __name__ == "__main__":
    unittest.main()
