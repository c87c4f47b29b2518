#!/usr/bin/python3
"""The generated files of the tree are what script/generate makes, which says so when one of them, or what it is made
of, was changed. Needs neither helm nor a registry."""

import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
# All that script/generate reads or writes.
PARTS = ("CMakeLists.txt", "dashboards", "examples/shop", "helm", "rules/packs", "script")

NAMING_PACKS = ["helm/sidelight/values.schema.json", "helm/sidelight/values.yaml", "helm/sidelight/README.md"]

# (file, what is done to it, the files that are then not what they should be).
CHANGES = (
    ("helm/sidelight/rules/http.yaml", lambda text: f"{text}# changed\n", ["helm/sidelight/rules/http.yaml"]),
    ("rules/packs/slo.yaml", lambda text: f"{text}# changed\n", ["helm/sidelight/rules/slo.yaml"]),
    ("rules/packs/new.yaml", lambda text: "groups: []\n", ["helm/sidelight/rules/new.yaml", *NAMING_PACKS]),
    ("rules/packs/cache.yaml", None, ["helm/sidelight/rules/cache.yaml", *NAMING_PACKS]),
    ("helm/sidelight/values.schema.json", lambda text: text.replace('"export",', '"exports",'),
     ["helm/sidelight/values.schema.json"]),
    ("examples/shop/load.py", lambda text: f"{text}# changed\n", ["helm/sidelight/demo/load.py"]),
    ("helm/sidelight/values.yaml", lambda text: text.replace("\nenabled: true\n", "\nenabled: false\n"),
     ["helm/sidelight/README.md"]),
    ("helm/sidelight/README.md", lambda text: text.replace("| `enabled` |", "| `disabled` |"),
     ["helm/sidelight/README.md"]),
    ("CMakeLists.txt", lambda text: text.replace("project(sidelight VERSION 0.", "project(sidelight VERSION 7."),
     ["helm/sidelight/Chart.yaml", "helm/sidelight/values.yaml", "helm/sidelight/README.md"]),
)


def generate(tree, *flags):
    return subprocess.run([tree / "script/generate", *flags], capture_output=True, text=True, timeout=120, check=False)


class GeneratedTest(unittest.TestCase):
    def made_copy(self):
        folder = tempfile.TemporaryDirectory(prefix="sidelight-generate-")
        self.addCleanup(folder.cleanup)
        tree = pathlib.Path(folder.name)
        for part in PARTS:
            (tree / part).parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
            copy(ROOT / part, tree / part)
        # Whether the tree itself is what it should be is another test's question.
        self.assertEqual(generate(tree).returncode, 0)
        return tree

    def test_the_tree_is_what_is_made(self):
        checked = generate(ROOT, "--check")
        self.assertEqual(checked.returncode, 0, checked.stderr)

    def test_a_change_is_named_and_made_good(self):
        tree = self.made_copy()
        for path, change, wanted in CHANGES:
            with self.subTest(changed=path):
                file = tree / path
                before = file.read_text() if file.exists() else None
                if change:
                    file.write_text(change(before))
                    self.assertNotEqual(file.read_text(), before)
                else:
                    file.unlink()
                checked = generate(tree, "--check")
                self.assertEqual(checked.returncode, 1, checked.stderr)
                named = {word for word in checked.stderr.replace(":", " ").split() if word.startswith("helm/")}
                self.assertEqual(named, set(wanted), checked.stderr)
                self.assertEqual(generate(tree).returncode, 0)
                self.assertEqual(generate(tree, "--check").returncode, 0)

    def test_a_dashboard_that_was_changed(self):
        tree = self.made_copy()
        dashboard = next((tree / "dashboards/grafana").rglob("*.json"))
        dashboard.write_text(dashboard.read_text() + "\n")
        checked = generate(tree, "--check")
        self.assertEqual(checked.returncode, 1)
        self.assertIn(dashboard.name, checked.stderr + checked.stdout)
        self.assertEqual(generate(tree).returncode, 0)
        self.assertEqual(generate(tree, "--check").returncode, 0)


if __name__ == "__main__":
    unittest.main()
